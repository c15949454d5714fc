import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from '@breakwater/resilience';
import { type Dispatcher, request } from 'undici';
import { type Answer, judgeAnswer, type RawAnswer } from './answer.js';
import type { Batch } from './batches.js';
import { authorization, type Dialect, type InfluxTarget, writeUrl } from './dialect.js';

const GZIP_FROM_BYTES = 1024;
/** Level 1 takes a third of the time of the default and saves nearly as much on line protocol. */
const compress = promisify<Buffer, { level: number }, Buffer>(gzip);
const MAX_ANSWER_BYTES = 8192;

/** Sends batches to one server, in the dialect that it speaks. */
export class InfluxWriter {
  readonly #target: InfluxTarget;
  readonly #dispatcher: Dispatcher;
  #dialect: Dialect = '2.x';

  constructor(target: InfluxTarget, dispatcher: Dispatcher) {
    this.#target = target;
    this.#dispatcher = dispatcher;
  }

  /** Sends once, and once more where it turns out that the server speaks the other dialect. Fails with undici's errors. */
  async send({ lines, bytes }: Batch, { signal }: Context): Promise<WriteAnswer> {
    const text = Buffer.from(`${lines.join('\n')}\n`);
    const isLarge = bytes >= GZIP_FROM_BYTES;
    const body = isLarge ? await compress(text, { level: 1 }) : text;
    const encoding = isLarge ? { 'content-encoding': 'gzip' } : {};
    const answer = await this.#post(this.#dialect, body, encoding, signal);
    if (answer.kind !== 'no-page') return answer;
    // 1.x up to 1.7, or the server was replaced by one of another version.
    const other = this.#dialect === '1.x' ? '2.x' : '1.x';
    const second = await this.#post(other, body, encoding, signal);
    if (second.kind === 'no-page') return notInflux(second.words);
    this.#dialect = other;
    return second;
  }

  async #post(dialect: Dialect, body: Buffer, encoding: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const answer = await request(writeUrl(this.#target, dialect), {
      dispatcher: this.#dispatcher,
      method: 'POST',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        ...encoding,
        ...authorization(this.#target, dialect),
      },
      body,
      signal,
    });
    return judgeAnswer(this.#withoutSecrets(await read(answer)));
  }

  /** A server may repeat what it was sent. */
  #withoutSecrets(answer: RawAnswer): RawAnswer {
    const { token } = this.#target;
    return token === '' ? answer : { ...answer, body: answer.body.replaceAll(token, '[secret]') };
  }
}

/** An answer to lines that found somebody who takes lines. */
export type WriteAnswer = Exclude<Answer, { kind: 'no-page' }>;

function notInflux(words: string): WriteAnswer {
  const detail = `neither /api/v2/write nor /write is there: ${words}`;
  return {
    kind: 'failed',
    reason: 'not-found',
    words: detail,
    isTransient: false,
    headers: { 'retry-after': undefined },
  };
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<RawAnswer> {
  return {
    status: statusCode,
    contentType: header(headers['content-type']) ?? '',
    retryAfter: header(headers['retry-after']),
    body: await beginning(body),
  };
}

/** The first 8 KiB; what comes after costs the connection. */
async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
}

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
