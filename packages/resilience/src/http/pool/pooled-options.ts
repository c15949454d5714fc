import type { Dispatcher } from 'undici';

/** What a pool takes beside undici's own options of a request. */
export interface PooledOptions {
  /** Monotonic milliseconds of the pool's clock, after which the request no longer waits for a socket. */
  deadline?: number;
}
export type PooledDispatchOptions = Dispatcher.DispatchOptions & PooledOptions & { servername?: string };
