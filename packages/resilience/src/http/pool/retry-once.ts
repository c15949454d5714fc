import type { PooledDispatchOptions } from './pooled-options.js';

/** Of the client of a socket that was closed before the request was sent. It never leaves the pool. */
export const STALE = new Error('the socket was closed before the request was sent');

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether the other side, or the way there, ended the connection. */
export const lostConnection = (error: Error): boolean => LOST.has((error as NodeJS.ErrnoException).code ?? '');

/** Whether sending it twice does no harm (RFC 9110, section 9.2.2, or the caller's word) and its body can be sent again. */
export function isRepeatable({ method, idempotent, body }: PooledDispatchOptions): boolean {
  if (!(idempotent ?? IDEMPOTENT.has(method))) return false;
  return body === null || body === undefined || typeof body === 'string' || body instanceof Uint8Array;
}

/** The same options, where headers that can be read only once (a generator's) are read. */
export function replayable(options: PooledDispatchOptions): PooledDispatchOptions {
  const { headers } = options;
  if (typeof headers !== 'object' || headers === null || typeof (headers as { next?: unknown }).next !== 'function')
    return options;
  if (!(Symbol.iterator in headers)) return options;
  return { ...options, headers: [...(headers as Iterable<[string, string]>)].flat() };
}
