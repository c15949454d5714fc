import { bytes } from '../print/units.js';
import { words } from './some.js';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Nothing came that could be judged, and why. */
export interface Silence {
  readonly silence: string;
}

export type Reply = Answer | Silence;

export interface Request {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of that of every other request. */
  readonly timeoutMs?: number;
}

export type Ask = (url: string, request?: Request) => Promise<Reply>;

/** The page of 100,000 targets has some 60 MB. */
const MAX_BYTES = 96 * 1024 * 1024;

/**
 * Asks over HTTP: whatever a server does, the reply is there within its time and holds no more than `maxBytes`.
 * Rejects only when `signal` is aborted. Redirects are not followed.
 */
export function asker(timeoutMs: number, signal: AbortSignal, maxBytes: number = MAX_BYTES): Ask {
  return async (url, { method = 'GET', headers = {}, timeoutMs: own = timeoutMs } = {}) => {
    const late = AbortSignal.timeout(own);
    try {
      const answer = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.any([signal, late]) });
      return { status: answer.status, text: await textOf(answer, maxBytes) };
    } catch (error) {
      signal.throwIfAborted();
      if (late.aborted) return { silence: `no answer within ${own / 1_000} s` };
      return { silence: reasonOf(error) };
    }
  };
}

class TooLongError extends Error {}

/** Leaving the loop cancels what is still to come. */
async function textOf({ body }: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) throw new TooLongError(`the answer is longer than ${bytes(maxBytes)}`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
};

function reasonOf(error: unknown): string {
  if (error instanceof TooLongError) return error.message;
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  const told = code === undefined ? undefined : REASONS[code];
  if (told !== undefined) return `${told} (${code})`;
  return words(message || code || String(error));
}
