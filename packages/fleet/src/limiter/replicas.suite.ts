import { type Context, RejectedError, TimeoutError } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { FleetLimiter } from './fleet-limiter.js';
import { MemoryLimit } from './memory-store.js';
import type { FleetLimiterOptions } from './options.js';

/** As the limiter computes it from a link's timeout of up to a second. */
export const SETTLE_MS = 5_000;

/** What became of one call. */
export interface Answer {
  readonly waitedMs: number;
  readonly outcome: 'done' | 'aborted' | RejectedError['reason'];
}

const userOf = (index: number): string => `replica-${index}`;

/** Replicas around one memory that stands for Redis, in virtual time, and the server that they all call. */
export class Replicas {
  readonly clock = new VirtualClock({ nowMs: 1_000_000 });
  readonly redis: MemoryLimit;
  readonly limiters: FleetLimiter[] = [];
  readonly answers: Answer[] = [];
  readonly failures: unknown[] = [];
  /** Calls at the server: now, and the most at once. */
  running = 0;
  most = 0;
  pending = 0;

  constructor({ startedMs = this.clock.now() }: { startedMs?: number } = {}) {
    this.redis = new MemoryLimit({ clock: this.clock, settleMs: SETTLE_MS, startedMs });
  }

  /** Cuts one off from Redis, or ends that. */
  cutOff(limiter: FleetLimiter, isCut: boolean): void {
    const user = userOf(this.limiters.indexOf(limiter));
    if (isCut) this.redis.cutOff.add(user);
    else this.redis.cutOff.delete(user);
  }

  add(options: Partial<FleetLimiterOptions> = {}): FleetLimiter {
    const user = userOf(this.limiters.length);
    const given = { key: 'core', concurrent: 6, expirationMs: 4_000, clock: this.clock, ...options };
    const limiter = new FleetLimiter(given, this.redis.store(user));
    this.limiters.push(limiter);
    return limiter;
  }

  /** Calls the server through a limiter; the call takes `ms` unless it is aborted. */
  call(
    limiter: FleetLimiter,
    ms: number,
    options: { withinMs?: number; weight?: number; priority?: number } = {},
  ): void {
    const { withinMs, ...rest } = options;
    const sinceMs = this.clock.now();
    let startedMs: number | undefined;
    const server = (context: Context) => {
      startedMs = this.clock.now();
      return this.#serve(context, ms, rest.weight ?? 1);
    };
    const deadline = withinMs === undefined ? undefined : sinceMs + withinMs;
    this.pending++;
    limiter.execute(server, { ...rest, ...(deadline !== undefined && { deadline }) }).then(
      () => this.#over(sinceMs, startedMs, 'done'),
      (error: unknown) => {
        if (error instanceof RejectedError) this.#over(sinceMs, startedMs, error.reason);
        else if (error instanceof TimeoutError) this.#over(sinceMs, startedMs, 'aborted');
        else {
          this.pending--;
          this.failures.push(error);
        }
      },
    );
  }

  #over(sinceMs: number, startedMs: number | undefined, outcome: Answer['outcome']): void {
    this.pending--;
    this.answers.push({ waitedMs: (startedMs ?? this.clock.now()) - sinceMs, outcome });
  }

  #serve({ signal }: Context, ms: number, weight: number): Promise<void> {
    this.running += weight;
    this.most = Math.max(this.most, this.running);
    return new Promise((resolve, reject) => {
      const end = (how: () => void) => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', abort);
        this.running -= weight;
        how();
      };
      const timer = this.clock.after(ms, () => end(resolve));
      const abort = () => end(() => reject(signal.reason));
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
