import type { IncomingHttpHeaders } from 'node:http';
import type { RawAnswer } from './answer.js';
import type { Introduction } from './dialect.js';

/** The head of an answer, and its body as it comes. */
export interface ResponseData {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
}

/** What is kept of an answer. */
export interface HttpAnswer extends RawAnswer, Introduction {}

/** Fails where the body of an answer that is no success breaks off. */
export async function readAnswer(answer: ResponseData, maxBytes: number): Promise<HttpAnswer> {
  const { statusCode: status, body } = answer;
  const text = beginning(body, maxBytes);
  return {
    status,
    contentType: header(answer, 'content-type') ?? '',
    retryAfter: header(answer, 'retry-after'),
    version: header(answer, 'x-influxdb-version'),
    build: header(answer, 'x-influxdb-build'),
    // The head alone says that something is stored.
    body: await (status < 300 ? text.catch(() => '') : text),
  };
}

/** The beginning of a body as text; what comes after `maxBytes` costs the connection. */
async function beginning(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks, bytes).toString('utf8', 0, maxBytes);
}

/** The first value of a header. */
function header({ headers }: ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
