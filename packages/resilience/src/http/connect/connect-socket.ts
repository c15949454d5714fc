import { numberOption } from '../../config/option.js';
import { type Clock, systemClock } from '../../core/clock.js';
import type { NameLookup } from '../lookup/name-lookup.js';
import { type Connected, Dial, type TlsOptions } from './dial.js';

export interface ConnectSocketOptions {
  /** A name or an IP address, in brackets or not. */
  host: string;
  port: number;
  nameLookup: NameLookup;
  /** Only addresses of this family. Default 0: both. */
  family?: 0 | 4 | 6;
  /** Makes a TLS handshake, too: `{}` for the usual one. */
  tls?: TlsOptions;
  /** Aborting it ends the attempt, with the signal's reason. */
  signal?: AbortSignal;
  /** Monotonic milliseconds of `clock`: the attempt fails when it passes. Default: none. */
  deadline?: number;
  /** For look-up, TCP and TLS together, in milliseconds. Default 10,000. */
  timeoutMs?: number;
  clock?: Clock;
}

/** How long an address is tried alone before the next joins in: what RFC 8305 recommends, in milliseconds. */
export const HEAD_START_MS = 250;

const FREE: Disposable = { [Symbol.dispose]: () => {} };

/**
 * Connects to a host, whose addresses are tried in order, each with a head start of 250 ms before the next joins in. When
 * it fails, nothing is left open. The socket comes without listeners: who takes it must listen for `error`.
 * @throws The signal's reason; NameLookupError; undici's ConnectTimeoutError; Node's own errors (ECONNREFUSED and so on),
 * as an AggregateError with the code of the first where several addresses were tried.
 */
export async function connectSocket(options: ConnectSocketOptions): Promise<Connected> {
  const { host, nameLookup, family = 0, tls, signal, clock = systemClock } = options;
  const port = numberOption('connectSocket', 'port', options.port, { min: 0, max: 65_535, integer: true });
  const limitMs = numberOption('connectSocket', 'timeoutMs', options.timeoutMs ?? 10_000, { min: 0, infinite: true });
  const budgetMs = Math.max(0, (options.deadline ?? Number.POSITIVE_INFINITY) - clock.now());
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => dial.cancel(signal?.reason);
    const dial = new Dial({
      host,
      port,
      family,
      tls,
      nameLookup,
      clock,
      timeoutMs: Math.min(limitMs, budgetMs),
      headStartMs: HEAD_START_MS,
      extra: () => FREE,
      done: (error, connected) => {
        signal?.removeEventListener('abort', abort);
        if (connected === undefined) reject(error);
        else resolve(connected);
      },
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
