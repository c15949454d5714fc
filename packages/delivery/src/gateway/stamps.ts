import type { Clock } from '@breakwater/resilience';

/** Gives out instants in nanoseconds that grow from one to the next. */
export class Stamps {
  readonly #clock: Clock;
  #lastNs = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): bigint {
    // Milliseconds have a fraction on some clocks; as microseconds they are still whole numbers that a double holds.
    const nowNs = BigInt(Math.floor(this.#clock.wall() * 1_000)) * 1_000n;
    this.#lastNs = nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n;
    return this.#lastNs;
  }
}
