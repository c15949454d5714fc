import type { Clock, Timer } from '../core/clock.js';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. Timers run in the order of their due times, then of their making. */
export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #startedMs: number;
  readonly #wallMs: number;
  #made = 0;
  #pending: Pending[] = [];

  constructor({ nowMs = 0, wallMs = Date.UTC(2026, 0, 1) }: { nowMs?: number; wallMs?: number } = {}) {
    this.#nowMs = nowMs;
    this.#startedMs = nowMs;
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return this.#wallMs + this.#nowMs - this.#startedMs;
  }

  after(ms: number, run: () => void): Timer {
    const timer: Pending = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#made++, run };
    const at = this.#pending.findIndex((other) => other.dueMs > timer.dueMs);
    if (at === -1) this.#pending.push(timer);
    else this.#pending.splice(at, 0, timer);
    return {
      [Symbol.dispose]: () => {
        const index = this.#pending.indexOf(timer);
        if (index !== -1) this.#pending.splice(index, 1);
      },
    };
  }

  /** Timers that wait: a test may assert that nothing was left behind. */
  get timers(): number {
    return this.#pending.length;
  }

  /** Moves on by `ms`, runs what falls due on the way, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    await settle();
    for (let next = this.#pending[0]; next !== undefined && next.dueMs <= until; next = this.#pending[0]) {
      this.#pending.shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      await settle();
    }
    this.#nowMs = until;
  }

  /** Jumps by `ms` without running anything: an event loop that stood still. What is overdue runs at the next `advance`. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs timers until none is left, at most `limit` of them. */
  async drain(limit = 10_000): Promise<void> {
    await settle();
    for (let ran = 0; this.#pending.length > 0; ran++) {
      if (ran === limit) throw new Error(`VirtualClock.drain: timers still start after ${limit} of them`);
      await this.advance(Math.max(0, this.#pending[0]!.dueMs - this.#nowMs));
    }
  }
}

/** Lets every promise that can settle now do so: setImmediate runs after all microtasks. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
