import type { Duplex } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import { DueAlarm } from '../../core/due-alarms.js';
import type { Linked } from './chain.js';
import { type RawHandler, rawHandler } from './handler.js';
import { NOT_SENT, type PhasesContext } from './phases.js';
import type { PooledDispatchOptions } from './pooled-options.js';
import { isRepeatable, lostConnection, replayable, STALE } from './retry-once.js';

/** What an exchange needs of the connection that carries it. */
interface Carrier<O> {
  /** Whether it has carried a request before the present one. */
  readonly reused: boolean;
  /** Whether it is its socket that failed, with this error. */
  brokeWith(error: Error): boolean;
  abandon(): void;
  detach(): void;
  finished(exchange: Exchange<O>, answered: boolean): void;
}

/** Who hears what becomes of a request. */
export interface ExchangeOwner<O> {
  /** It waited for a socket, and does so no longer. */
  withdrawn(exchange: Exchange<O>): void;
  /** It waited for too long. */
  expired(exchange: Exchange<O>): void;
  /** Nothing of it was sent, or it may be sent again: it needs another socket. */
  again(exchange: Exchange<O>, stale: boolean): void;
  /** It is over: answered, failed or aborted. */
  over(exchange: Exchange<O>): void;
}

type Stage = 'new' | 'waiting' | 'assigned' | 'sent' | 'over';

/**
 * One request and its answer, between the user's handler and undici's client: it can be aborted from the beginning, whereas
 * undici looks at a signal only when it sends, and it finds another socket when its first turns out to be dead.
 */
export class Exchange<O> extends DueAlarm implements Linked<Exchange<O>>, RawHandler {
  ahead: Exchange<O> | undefined;
  behind: Exchange<O> | undefined;
  origin!: O;
  readonly options: PooledDispatchOptions;
  /** By the pool's clock; undefined where it had a socket at once. */
  waitingSinceMs: number | undefined;
  readonly #handler: RawHandler;
  readonly #owner: ExchangeOwner<O>;
  readonly #context: PhasesContext = { phases: NOT_SENT, socket: undefined };
  #stage: Stage = 'new';
  #connection: Carrier<O> | undefined;
  #abortSent: (reason?: Error) => void = () => {};
  #allSent = false;
  #answering = false;
  #repeated = false;
  #unwatchBody: (() => void) | undefined;

  constructor(options: PooledDispatchOptions, handler: Dispatcher.DispatchHandler, owner: ExchangeOwner<O>) {
    super();
    this.options = replayable(options);
    this.#handler = rawHandler(handler);
    this.#owner = owner;
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  get waits(): boolean {
    return this.#stage === 'waiting';
  }

  /** Hands the user's handler the means to abort. It may use it at once. */
  announce(): void {
    this.#handler.onConnect?.(this.abort, { pooled: this.#context });
  }

  readonly abort = (reason?: Error): void => {
    if (this.#stage === 'over') return;
    if (this.#stage === 'sent' && (this.#answering || !this.#allSent)) {
      this.#abortSent(reason);
      return;
    }
    // Nothing flows while an answer is waited for: the client may go on waiting, until the other side closes the socket.
    if (this.#stage === 'sent') this.#connection!.abandon();
    if (this.#stage === 'waiting') this.#owner.withdrawn(this);
    this.fail(reason ?? new errors.RequestAbortedError());
  };

  /** It asks for a socket. */
  enter(): void {
    this.#stage = 'waiting';
    this.#context.socket = undefined;
  }

  /** There is none yet: it stands in its origin's queue. */
  wait(sinceMs: number): void {
    this.waitingSinceMs ??= sinceMs;
    this.#watchBody();
  }

  override expire(): void {
    this.#owner.expired(this);
  }

  /** It has a socket, and is handed to the client of that. */
  assign(connection: Carrier<O>, { phases, socket }: PhasesContext): void {
    this.#unwatchBody?.();
    this.waitingSinceMs = undefined;
    this.#connection = connection;
    this.#context.phases = phases;
    this.#context.socket = socket;
    this.#stage = 'assigned';
  }

  /** Ends it, unless it is over. */
  fail(error: Error): void {
    if (this.#stage === 'over') return;
    this.#end();
    this.#handler.onError(error);
  }

  /** A stream that fails while its request waits has no other listener yet. */
  #watchBody(): void {
    const body = this.options.body as { on?: unknown; off?: unknown } | null | undefined;
    if (typeof body !== 'object' || body === null || typeof body.on !== 'function') return;
    const stream = body as unknown as NodeJS.ReadableStream;
    const abort = (error: Error) => this.abort(error);
    stream.on('error', abort);
    this.#unwatchBody = () => {
      this.#unwatchBody = undefined;
      stream.off('error', abort);
    };
  }

  #end(): void {
    this.#stage = 'over';
    this.#unwatchBody?.();
    this.#owner.over(this);
  }

  /** Lets go of the socket, once the client is done with this request: it may still be tidying up. */
  #leaveConnection(connection: Carrier<O>, answered: boolean): void {
    this.#connection = undefined;
    queueMicrotask(() => connection.finished(this, answered));
  }

  // What undici's client calls.

  onConnect(abort: (reason?: Error) => void): void {
    // It was aborted since: to throw makes the client drop the request and keep the socket.
    if (this.#stage !== 'assigned') throw STALE;
    this.#stage = 'sent';
    this.#abortSent = abort;
  }

  onRequestSent(): void {
    this.#allSent = true;
    this.#handler.onRequestSent?.();
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onResponseStarted(): void {
    this.#answering = true;
    if (!this.isOver) this.#handler.onResponseStarted?.();
  }

  onHeaders(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.isOver) return true;
    return this.#handler.onHeaders?.(statusCode, headers, resume, statusText) ?? true;
  }

  onData(chunk: Buffer): boolean {
    if (this.isOver) return true;
    return this.#handler.onData?.(chunk) ?? true;
  }

  onComplete(trailers: Buffer[]): void {
    this.#leaveConnection(this.#connection!, true);
    if (this.isOver) return;
    this.#end();
    try {
      this.#handler.onComplete?.(trailers);
    } catch (error) {
      this.#handler.onError(error as Error);
    }
  }

  onUpgrade(statusCode: number, headers: Buffer[], socket: Duplex): void {
    if (this.isOver) {
      socket.destroy();
      return;
    }
    this.#connection?.detach();
    this.#connection = undefined;
    this.#end();
    this.#handler.onUpgrade?.(statusCode, headers, socket);
  }

  onError(error: Error): void {
    const connection = this.#connection;
    if (connection === undefined) {
      // Its upgrade handler threw: the socket is not the pool's any more.
      this.#handler.onError(error);
      return;
    }
    this.#leaveConnection(connection, false);
    if (this.isOver) return;
    if (error === STALE || this.#wasNotSent(connection, error)) {
      this.#owner.again(this, false);
    } else if (this.#mayRepeat(connection, error)) {
      this.#repeated = true;
      this.#owner.again(this, true);
    } else {
      this.fail(error);
    }
  }

  /** An idle socket may turn out to be reset when it is given a request, before anything of that is sent. */
  #wasNotSent(connection: Carrier<O>, error: Error): boolean {
    return this.#stage === 'assigned' && connection.reused && connection.brokeWith(error);
  }

  /** A server that closes an idle socket may do so just when a request is on its way. */
  #mayRepeat(connection: Carrier<O>, error: Error): boolean {
    const silent = this.#stage === 'sent' && !this.#answering;
    return silent && !this.#repeated && connection.reused && lostConnection(error) && isRepeatable(this.options);
  }
}
