import type { Clock, Random, Timer } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import type { LinkState } from './redis-link.js';
import { isErrorReply, type Wire } from './wire.js';

export interface ConnectionOptions {
  /** For messages: where it leads. */
  readonly address: string;
  /** One attempt to have a wire. */
  readonly dial: (signal: AbortSignal) => Promise<Wire>;
  readonly timeoutMs: number;
  /** How long an attempt may take. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onReady?: (wire: Wire) => void;
  readonly onLost?: (reason: Error) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** Answers of a server that cannot serve now: another one may, or this one later. */
const UNABLE = /^(?:READONLY|LOADING|MASTERDOWN|NOREPLICAS)\b/;

/** A wire that is replaced for ever: made anew when it is lost, or when it does not answer. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  #state: LinkState = 'connecting';
  #wire: Wire | undefined;
  #reason = new Error('not connected yet');
  #failures = 0;
  #pause: Timer | undefined;
  #probing = false;
  #attempt: Promise<void>;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#attempt = this.#connect();
  }

  get state(): LinkState {
    return this.#state;
  }

  async call(command: string, args: readonly (string | number)[]): Promise<unknown> {
    const { clock, timeoutMs } = this.#options;
    const endsMs = clock.now() + timeoutMs;
    // The only wait: for the first attempt, so that whoever starts with Redis does not begin without it.
    if (this.#state === 'connecting') await this.#within(this.#attempt, timeoutMs);
    const wire = this.#wire;
    if (wire === undefined) throw this.#unreachable();
    try {
      return await this.#within(wire.call(command, args), endsMs - clock.now());
    } catch (error) {
      throw this.#judge(error, wire);
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#pause?.[Symbol.dispose]();
    const reason = new FleetError('closed', `the connection to Redis at ${this.#options.address} was closed`);
    this.#closing.abort(reason);
    this.#wire?.destroy(reason);
    this.#wire = undefined;
  }

  #unreachable(): FleetError {
    const { address } = this.#options;
    if (this.#state === 'closed') return new FleetError('closed', `the connection to Redis at ${address} was closed`);
    return new FleetError('unreachable', `Redis at ${address} cannot be reached: ${this.#reason.message}`, {
      cause: this.#reason,
    });
  }

  #judge(error: unknown, wire: Wire): unknown {
    const { address } = this.#options;
    if (error instanceof FleetError) {
      if (error.reason === 'timeout') this.#probe(wire);
      return error;
    }
    const { message } = error as Error;
    if (!isErrorReply(error)) {
      return new FleetError('timeout', `Redis at ${address} did not answer before the connection broke: ${message}`, {
        cause: error,
      });
    }
    if (!UNABLE.test(message)) return error;
    wire.destroy(error);
    return new FleetError('unreachable', `Redis at ${address} cannot serve: ${message}`, { cause: error });
  }

  /** A wire on which something was not answered is asked once more; if that is not answered either it is replaced. */
  async #probe(wire: Wire): Promise<void> {
    if (this.#probing || wire !== this.#wire) return;
    this.#probing = true;
    try {
      await this.#within(wire.call('ping', []), this.#options.timeoutMs);
    } catch (error) {
      if (!isErrorReply(error)) wire.destroy(error as Error);
    } finally {
      this.#probing = false;
    }
  }

  #within<T>(promise: Promise<T>, ms: number): Promise<T> {
    const { clock, address, timeoutMs } = this.#options;
    return new Promise<T>((resolve, reject) => {
      const tooLate = () => reject(new FleetError('timeout', `Redis at ${address} did not answer in ${timeoutMs} ms`));
      // One turn later: what came in time, while this process itself stood still, is read first.
      const timer = clock.after(ms, () => setImmediate(tooLate));
      promise.then(resolve, reject).finally(() => timer[Symbol.dispose]());
    });
  }

  async #connect(): Promise<void> {
    const { dial, onReady, connectTimeoutMs, clock } = this.#options;
    const attempt = new AbortController();
    const cancel = () => attempt.abort(this.#closing.signal.reason);
    this.#closing.signal.addEventListener('abort', cancel, { once: true });
    const limit = clock.after(connectTimeoutMs, () =>
      attempt.abort(new Error(`no connection within ${connectTimeoutMs} ms`)),
    );
    try {
      const wire = await dial(attempt.signal);
      if (this.#state === 'closed') {
        wire.destroy(this.#closing.signal.reason);
        return;
      }
      this.#wire = wire;
      this.#state = 'ready';
      this.#failures = 0;
      wire.onEnd((reason) => this.#lost(reason));
      onReady?.(wire);
    } catch (error) {
      this.#lost(error as Error);
    } finally {
      limit[Symbol.dispose]();
      this.#closing.signal.removeEventListener('abort', cancel);
    }
  }

  #lost(reason: Error): void {
    if (this.#state === 'closed') return;
    const news = this.#state !== 'lost';
    this.#state = 'lost';
    this.#wire = undefined;
    this.#reason = reason;
    const { clock, random, onLost } = this.#options;
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    this.#pause = clock.after(ceiling * (0.5 + random() / 2), () => {
      this.#attempt = this.#connect();
    });
    if (news) onLost?.(reason);
  }
}
