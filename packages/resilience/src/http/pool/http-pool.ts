import { Dispatcher, errors } from 'undici';
import { numberOption } from '../../config/option.js';
import { type Clock, systemClock } from '../../core/clock.js';
import { ConfigError } from '../../core/errors.js';
import type { Measured, Recorder } from '../../metrics/definition.js';
import { HEAD_START_MS } from '../connect/connect-socket.js';
import type { TlsOptions } from '../connect/dial.js';
import { TlsSessions } from '../connect/tls-sessions.js';
import type { NameLookup } from '../lookup/name-lookup.js';
import { nameLookup as systemLookup } from '../lookup/system-lookup.js';
import type { PooledDispatchOptions } from './pooled-options.js';
import { Switchboard } from './switchboard.js';

export interface HttpPoolOptions {
  /** For messages and metrics. Default `http`. */
  name?: string;
  /** How many sockets may be open in all: connecting, busy, idle or being closed. Default 100. */
  maxConnections?: number;
  /** The same for one origin (scheme, host and port). Default 30; never more than `maxConnections`. */
  maxConnectionsPerHost?: number;
  /** How many requests may wait without a socket being opened or freed for them. Default 1,000. */
  maxQueued?: number;
  /** How long a request waits in that queue, in milliseconds. Default 10,000. */
  queueTimeoutMs?: number;
  /** For look-up, TCP and TLS together, in milliseconds. Default 10,000. */
  connectTimeoutMs?: number;
  /**
   * How long to wait for the head of an answer, and between two pieces of its body, in whole milliseconds. undici keeps it
   * with a tick of half a second: it may take up to a second longer. Default 30,000.
   */
  readTimeoutMs?: number;
  /** How long a socket may be idle, in milliseconds; less where the server says so (`Keep-Alive`). Default 30,000. */
  keepAliveTimeoutMs?: number;
  /** Answers whose body is longer fail with undici's ResponseExceededMaxSizeError. In bytes, default Infinity. */
  maxResponseBytes?: number;
  /** How TLS handshakes are made, as `tls.connect` has it. */
  tls?: Omit<TlsOptions, 'ALPNProtocols'>;
  /** Default: a `nameLookup()` of the pool's own, whose metrics the pool then includes. */
  nameLookup?: NameLookup & Partial<Measured>;
  /** Only addresses of this family. Default 0: both. */
  family?: 0 | 4 | 6;
  clock?: Clock;
}

const TLS_SESSIONS = 1024;

/**
 * HTTP/1.1 over a bounded number of sockets, as an undici `Dispatcher`: `request(url, { dispatcher: pool })`,
 * `fetch(url, { dispatcher: pool })`. Each socket carries one request at a time and is kept for the next.
 *
 * - At the cap for all, the socket that was idle longest makes room for another origin. Where none is idle the request
 *   waits; origins share alike, and within one it is first come, first served.
 * - A request can be aborted while it waits. One that is aborted later costs its socket, unless the answer is complete.
 * - It is sent once more, silently, when a socket that had served before is lost before the answer begins, if it is
 *   idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE, or the option of that name) and its body is no stream.
 * - Requests fail with RejectedError where they had no socket (`queue-full`, `queue-timeout`, `deadline`, `shutdown`), with
 *   the reason of the abort, and else with what undici or the look-up say.
 *
 * Beside undici's own, requests take the option `deadline`: see `PooledOptions`.
 */
export class HttpPool extends Dispatcher implements Measured {
  readonly name: string;
  readonly #switchboard: Switchboard;
  readonly #ownLookup: Measured | undefined;
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  constructor(options: HttpPoolOptions = {}) {
    super();
    const { name = 'http', clock = systemClock, family = 0 } = options;
    this.name = name;
    if (![0, 4, 6].includes(family))
      throw new ConfigError(`${name}: family is ${String(family)}; it must be 0, 4 or 6`);
    const number = (option: keyof HttpPoolOptions & string, standard: number, integer: boolean, infinite = false) => {
      const value = (options[option] as number | undefined) ?? standard;
      return numberOption(name, option, value, { min: option === 'maxQueued' ? 0 : 1, integer, infinite });
    };
    const ownLookup = options.nameLookup === undefined ? systemLookup({ name: `${name}-dns`, clock }) : undefined;
    this.#ownLookup = ownLookup;
    const maxSockets = number('maxConnections', 100, true);
    const readTimeoutMs = number('readTimeoutMs', 30_000, true);
    const keepAliveTimeoutMs = number('keepAliveTimeoutMs', 30_000, false);
    const maxResponseBytes = number('maxResponseBytes', Number.POSITIVE_INFINITY, true, true);
    this.#switchboard = new Switchboard({
      name,
      clock,
      limits: {
        maxSockets,
        maxSocketsPerOrigin: Math.min(maxSockets, number('maxConnectionsPerHost', 30, true)),
        maxQueued: number('maxQueued', 1000, true),
      },
      queueTimeoutMs: number('queueTimeoutMs', 10_000, false),
      connection: {
        clock,
        tls: { ...options.tls, ALPNProtocols: ['http/1.1'] },
        dial: {
          family,
          nameLookup: options.nameLookup ?? ownLookup!,
          timeoutMs: number('connectTimeoutMs', 10_000, false),
          headStartMs: HEAD_START_MS,
          sessions: new TlsSessions(TLS_SESSIONS),
        },
        client: {
          pipelining: 1,
          headersTimeout: readTimeoutMs,
          bodyTimeout: readTimeoutMs,
          keepAliveTimeout: keepAliveTimeoutMs,
          keepAliveMaxTimeout: keepAliveTimeoutMs,
          maxResponseSize: maxResponseBytes === Number.POSITIVE_INFINITY ? -1 : maxResponseBytes,
        },
        keepAliveTimeoutMs,
      },
      events: {
        connect: (origin, client) => this.emit('connect', origin, [this, client]),
        disconnect: (origin, client, error) =>
          this.emit('disconnect', origin, [this, client], error as errors.UndiciError),
        connectionError: (origin, error) => this.emit('connectionError', origin, [this], error as errors.UndiciError),
        drain: (origin) => this.emit('drain', origin),
      },
    });
    // `compose` calls methods on a proxy, through which private fields cannot be reached.
    this.close = this.close.bind(this);
    this.destroy = this.destroy.bind(this);
    this.measure = this.measure.bind(this);
  }

  /** Sockets by what they do, requests that wait without one being opened for them, and origins that have either. */
  get counts(): PoolCounts {
    return this.#switchboard.counts;
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.destroyed;
  }

  get destroyed(): boolean {
    return this.#destroying !== undefined;
  }

  override dispatch(options: PooledDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (typeof options !== 'object' || options === null)
      throw new errors.InvalidArgumentError('opts must be an object.');
    return this.#switchboard.dispatch(options, handler);
  }

  /**
   * Takes no further requests; when the last one is over, closes all sockets.
   * @throws undici's ClientDestroyedError when the pool was destroyed.
   */
  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | undefined {
    if (this.#destroying !== undefined) return settle(Promise.reject(new errors.ClientDestroyedError()), callback);
    this.#closing ??= this.#switchboard.close(new errors.ClientClosedError()).then(() => this.destroy());
    return settle(this.#closing, callback);
  }

  /** Ends all requests with `error` and closes all sockets. Default: undici's ClientDestroyedError. */
  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | undefined {
    const error = typeof first === 'function' ? undefined : first;
    this.#destroying ??= this.#switchboard.destroy(error ?? new errors.ClientDestroyedError());
    return settle(this.#destroying, typeof first === 'function' ? first : second);
  }

  measure(record: Recorder): void {
    this.#switchboard.measure(record);
    this.#ownLookup?.measure(record);
  }
}

/** What a pool holds now. */
export interface PoolCounts {
  /** The sum of the next four. */
  readonly open: number;
  readonly connecting: number;
  readonly busy: number;
  readonly idle: number;
  readonly closing: number;
  readonly queued: number;
  readonly origins: number;
}

function settle(promise: Promise<void>, callback: ((error?: Error) => void) | undefined): Promise<void> | undefined {
  if (callback === undefined) return promise;
  // As undici does it: an error is the callback's argument.
  promise.then(() => callback(), callback);
  return undefined;
}

/** A pool of HTTP connections with caps per origin and in all. */
export function httpPool(options?: HttpPoolOptions): HttpPool {
  return new HttpPool(options);
}
