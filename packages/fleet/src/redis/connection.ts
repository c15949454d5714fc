import type { Clock, Random, Timer } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import type { LinkState } from './redis-link.js';
import { isErrorReply, type Wire } from './wire.js';

export interface ConnectionOptions {
  /** Where it leads, for messages. */
  readonly address: string;
  /** One attempt to have a wire. Settles soon after the signal was aborted. */
  readonly dial: (signal: AbortSignal) => Promise<Wire>;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onReady?: (wire: Wire) => void;
  /** Told until it is ready again: once that it is lost, and once when why changed; `had`: there was a connection. */
  readonly onLost?: (reason: Error, had: boolean) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** A connection on which nothing was heard for so many deadlines is asked whether it still is one. */
const IDLE_DEADLINES = 5;
/** Answers of a server that cannot serve now: another one may, or this one later. */
const UNABLE = /^(?:READONLY|LOADING|MASTERDOWN|NOREPLICAS)\b/;

/** Whether the server is there, and will not have this client; waiting does not help. */
export const isRefusal = (error: Error): boolean => isErrorReply(error) && !UNABLE.test(error.message);

/** A wire that is replaced for ever: made anew when it breaks, or when Redis does not answer on it. */
export class Connection {
  readonly #options: ConnectionOptions;
  /** Calls under way. */
  readonly #calls = new Set<Promise<unknown>>();
  #state: LinkState = 'connecting';
  #wire: Wire | undefined;
  #reason = new Error('there was no connection yet');
  #failures = 0;
  #pause: Timer | undefined;
  #idle: Timer | undefined;
  #probed: Wire | undefined;
  #heard = false;
  #attempt: Promise<void>;
  #attempting: AbortController | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#attempt = this.#connect();
  }

  get state(): LinkState {
    return this.#state;
  }

  /**
   * Sends what `talk` asks for, all on the same wire, and gives what it gives. The server's refusals come as they are
   * (`isErrorReply`).
   * @throws FleetError
   */
  call<T>(talk: (send: Wire['call']) => Promise<T>, endsMs: number): Promise<T> {
    const call = this.#call(talk, endsMs);
    this.#calls.add(call);
    const over = () => this.#calls.delete(call);
    call.then(over, over);
    return call;
  }

  /** Asks whether it still is one, and replaces it if there is no answer. */
  probe(): void {
    const wire = this.#wire;
    if (this.#state !== 'ready' || wire === undefined || wire === this.#probed) return;
    this.#probed = wire;
    const { clock, timeoutMs } = this.#options;
    this.#within(wire.call('ping', []), clock.now() + timeoutMs).then(
      () => this.#probeEnded(wire),
      (error: Error) => {
        this.#probeEnded(wire);
        // Whatever it says, it is there.
        if (!isErrorReply(error)) this.#drop(wire, error);
      },
    );
  }

  #probeEnded(wire: Wire): void {
    this.#heard = true;
    if (this.#probed === wire) this.#probed = undefined;
  }

  /** Takes no more calls; resolves when those under way have ended, each of which has a deadline, and nothing is open. */
  async close(): Promise<void> {
    this.#state = 'closed';
    const reason = this.#closed();
    this.#pause?.[Symbol.dispose]();
    this.#idle?.[Symbol.dispose]();
    this.#attempting?.abort(reason);
    await Promise.allSettled([this.#attempt, ...this.#calls]);
    this.#wire?.destroy(reason);
    this.#wire = undefined;
  }

  async #call<T>(talk: (send: Wire['call']) => Promise<T>, endsMs: number): Promise<T> {
    // The only wait, for the first attempt, so that who starts together with its connection does not begin without Redis.
    if (this.#state === 'connecting') await this.#within(this.#attempt, endsMs);
    const wire = this.#wire;
    if (wire?.open === false) this.#drop(wire, new Error('the server closed the connection'));
    if (this.#state !== 'ready' || wire === undefined) throw this.#unavailable();
    try {
      const answer = await this.#within(
        talk((command, args) => wire.call(command, args)),
        endsMs,
      );
      this.#heard = true;
      return answer;
    } catch (error) {
      throw this.#judged(error as Error, wire);
    }
  }

  #closed(): FleetError {
    return new FleetError('closed', `the connection to Redis at ${this.#options.address} was closed`);
  }

  #unavailable(): FleetError {
    if (this.#state === 'closed') return this.#closed();
    const cause = this.#reason;
    const what = `Redis at ${this.#options.address}`;
    return isRefusal(cause)
      ? new FleetError('refused', `${what} refuses this client: ${cause.message}`, { cause })
      : new FleetError('unreachable', `${what} cannot be reached: ${cause.message}`, { cause });
  }

  #judged(error: Error, wire: Wire): Error {
    if (error instanceof FleetError) {
      this.probe();
      return error;
    }
    const what = `Redis at ${this.#options.address}`;
    if (!isErrorReply(error)) {
      return new FleetError('timeout', `the connection to ${what} broke before it answered`, { cause: error });
    }
    this.#heard = true;
    if (!UNABLE.test(error.message)) return error;
    this.#drop(wire, error);
    return new FleetError('unreachable', `${what} cannot serve: ${error.message}`, { cause: error });
  }

  /** @throws FleetError with the reason `timeout` when there is no outcome in time. */
  #within<T>(promise: Promise<T>, endsMs: number): Promise<T> {
    const { clock, address, timeoutMs } = this.#options;
    return new Promise<T>((resolve, reject) => {
      const tooLate = () => reject(new FleetError('timeout', `Redis at ${address} did not answer in ${timeoutMs} ms`));
      // One turn later: what came in time, while this process itself stood still, is read first.
      const timer = clock.after(endsMs - clock.now(), () => setImmediate(tooLate));
      const settled = () => timer[Symbol.dispose]();
      promise.then(resolve, reject).then(settled);
    });
  }

  async #connect(): Promise<void> {
    const { dial, onReady, connectTimeoutMs, clock } = this.#options;
    const attempt = new AbortController();
    this.#attempting = attempt;
    const limit = clock.after(connectTimeoutMs, () =>
      setImmediate(() => attempt.abort(new Error(`there was no connection after ${connectTimeoutMs} ms`))),
    );
    try {
      const wire = await dial(attempt.signal);
      if (this.#state === 'closed') {
        wire.destroy(this.#closed());
        return;
      }
      this.#wire = wire;
      this.#state = 'ready';
      this.#failures = 0;
      wire.onEnd((reason) => this.#lost(wire, reason));
      this.#watch();
      onReady?.(wire);
    } catch (error) {
      this.#lost(undefined, error as Error);
    } finally {
      limit[Symbol.dispose]();
    }
  }

  /** A peer that vanished without a word shows only when it is asked. */
  #watch(): void {
    const { clock, timeoutMs } = this.#options;
    this.#heard = false;
    this.#idle = clock.after(IDLE_DEADLINES * timeoutMs, () => {
      if (!this.#heard) this.probe();
      this.#watch();
    });
  }

  #drop(wire: Wire, reason: Error): void {
    wire.destroy(reason);
    this.#lost(wire, reason);
  }

  #lost(wire: Wire | undefined, reason: Error): void {
    if (this.#state === 'closed' || wire !== this.#wire) return;
    const news = this.#state !== 'lost' || isRefusal(reason) !== isRefusal(this.#reason);
    this.#state = 'lost';
    this.#wire = undefined;
    this.#reason = reason;
    this.#idle?.[Symbol.dispose]();
    const { clock, random, onLost } = this.#options;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
    this.#pause = clock.after(pauseMs * (0.5 + random() / 2), () => {
      this.#attempt = this.#connect();
    });
    if (news) onLost?.(reason, wire !== undefined);
  }
}
