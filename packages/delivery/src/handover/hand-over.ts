import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  type Clock,
  ConfigError,
  constantBackoff,
  type Pipeline,
  pipeline,
  type Random,
  retry,
  timeout,
} from '@breakwater/resilience';
import { Agent, type Dispatcher, request } from 'undici';
import type { Destination } from '../frames/frame.js';
import type { HandOver } from '../spool/spool.js';
import { encodeLanes, FROM_HEADER, LANES_HEADER } from './headers.js';

export interface HandOverOptions {
  /** The write gateway of the peers, or the proxy in front of them. */
  readonly url: string;
  /** What the peers' gateway wants to see. */
  readonly token?: string;
  /** The unique name of this process, as its own gateway knows it. */
  readonly instance: string;
  /** Default: one of its own. */
  readonly dispatcher?: Dispatcher;
  /** How long one try may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** No peer will ever take this batch as it is; or, with 409, this one has no lane to one of its backends. */
export class HandOverError extends Error {
  override readonly name = 'HandOverError';
  readonly code = 'ERR_DELIVERY_HAND_OVER';
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** A peer did not take it now; it, or another, may soon. */
class PassingError extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A proxy has led back to this very process: nobody is busy, and the next connection may lead to a peer. */
class CameBackError extends Error {}

const DEFAULT_TIMEOUT_MS = 10_000;
const CAME_BACK_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const LONGEST_ANSWER = 4_096;
const compress = promisify(gzip);

/**
 * Sends what a draining process still owes to a peer, and tries again until the signal ends it: each time on a new
 * connection, since a proxy may have led to this very process, or to a peer that is full.
 * @throws ConfigError for a url that is none.
 */
export function handOverTo(options: HandOverOptions): HandOver {
  const base = baseOf(options.url);
  const dispatcher = options.dispatcher ?? new Agent({ connections: 4 });
  const tries = triesOf(options);
  return async ({ lanes, destination, body }, signal) => {
    const compressed = await compress(Buffer.concat(body));
    let last: unknown;
    const send = async (attempt: AbortSignal): Promise<void> => {
      const answer = await request(new URL(pathOf(destination), base), {
        method: 'POST',
        body: compressed,
        headers: {
          'content-encoding': 'gzip',
          'content-type': 'text/plain; charset=utf-8',
          [FROM_HEADER]: options.instance,
          [LANES_HEADER]: encodeLanes(lanes),
          ...(options.token !== undefined && { authorization: `Token ${options.token}` }),
        },
        reset: true,
        signal: attempt,
        dispatcher,
      });
      await judge(answer, base);
    };
    const kept = (error: unknown): never => {
      if (!signal.aborted) last = error;
      throw error;
    };
    try {
      await tries.execute((context) => send(context.signal).catch(kept), { signal });
    } catch (error) {
      if (!signal.aborted || !(last instanceof Error)) throw error;
      throw new Error(`no peer has taken it in time, the last try: ${last.message}`, { cause: last });
    }
  };
}

/** Each no longer than the timeout, the next after a pause that fits what became of the last. */
function triesOf({ timeoutMs = DEFAULT_TIMEOUT_MS, clock, random }: HandOverOptions): Pipeline {
  const common = { name: 'hand-over', ...(clock && { clock }) };
  const forEver = { ...common, maxAttempts: Number.MAX_SAFE_INTEGER, ...(random && { random }) };
  const again = retry({
    ...forEver,
    maxDelayMs: LONGEST_PAUSE_MS,
    classify: (outcome) => {
      if (!('error' in outcome)) return 'success';
      return outcome.error instanceof HandOverError ? 'ignore' : 'failure';
    },
  });
  // Of two replicas every other try comes back: a pause that grows with each would outlast the drain.
  const elsewhere = retry({
    ...forEver,
    backoff: constantBackoff({ baseDelayMs: CAME_BACK_PAUSE_MS, jitter: 0.5 }),
    classify: (outcome) => ('error' in outcome && outcome.error instanceof CameBackError ? 'failure' : 'ignore'),
  });
  return pipeline(again, elsewhere, timeout({ ...common, timeoutMs }));
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  const usable = base !== undefined && /^https?:$/.test(base.protocol) && base.username === '' && base.password === '';
  if (!usable) {
    throw new ConfigError('handOverTo: url must be http://… or https://…, without user and password');
  }
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

/** Without a precision: the body is in nanoseconds. Without a bucket each lane takes its own. */
function pathOf({ org, bucket }: Destination): string {
  if (org !== '') return `api/v2/write?${new URLSearchParams({ org, bucket })}`;
  if (bucket === '') return 'write';
  const slash = bucket.indexOf('/');
  if (slash === -1) return `write?${new URLSearchParams({ db: bucket })}`;
  return `write?${new URLSearchParams({ db: bucket.slice(0, slash), rp: bucket.slice(slash + 1) })}`;
}

async function judge({ statusCode, headers, body }: Dispatcher.ResponseData, base: URL): Promise<void> {
  const words = await wordsOf(body);
  if (statusCode === 204) return;
  const said = `${base.origin} answered ${statusCode}${words === '' ? '' : `: ${words}`}`;
  if (statusCode === 421) throw new CameBackError(said);
  if (statusCode === 429 || statusCode === 408 || statusCode >= 500) {
    const askedMs = Number(headers['retry-after']) * 1_000;
    // No longer than that: the next connection may lead to a peer that has room.
    throw new PassingError(said, askedMs >= 0 ? Math.min(askedMs, LONGEST_PAUSE_MS) : undefined);
  }
  throw new HandOverError(
    statusCode,
    `the peer does not take the hand-over, ${ADVICE[statusCode] ?? OTHERWISE} (${said})`,
  );
}

const OTHERWISE = 'see that the hand-over url leads to a Breakwater write gateway of the same version';
const ADVICE: Readonly<Record<number, string>> = {
  401: 'give both the same token',
  403: 'give both the same token',
  404: 'see that the hand-over url leads to a Breakwater write gateway',
  409: 'give every process the same backends',
  413: 'let the peers take bodies as large as the batches of the lanes',
};

/** What the answer says for people: the whole body is read, so that nothing is left on the connection, but no more kept. */
async function wordsOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const piece of body) {
    text += String(piece);
    if (text.length > LONGEST_ANSWER) {
      body.destroy();
      break;
    }
  }
  return text.replace(/\s+/g, ' ').trim().slice(0, 200);
}
