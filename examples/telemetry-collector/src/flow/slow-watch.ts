import type { Clock, StallMonitor, Timer } from '@breakwater/resilience';
import { SLOW_AFTER_MS } from './standing.js';

/**
 * Tells when a run has become slow: after a second, not counting the time for which our own event loop stood still. The
 * answer may have come meanwhile; it is read before the next timer runs.
 */
export class SlowWatch implements Disposable {
  readonly #clock: Clock;
  readonly #stalls: StallMonitor;
  readonly #slow: () => void;
  readonly #startMs: number;
  #timer: Timer;

  constructor(clock: Clock, stalls: StallMonitor, slow: () => void) {
    this.#clock = clock;
    this.#stalls = stalls;
    this.#slow = slow;
    this.#startMs = clock.now();
    this.#timer = clock.after(SLOW_AFTER_MS, this.#look);
  }

  readonly #look = (): void => {
    const ranMs = this.#clock.now() - this.#startMs - this.#stalls.stalledSince(this.#startMs);
    if (ranMs >= SLOW_AFTER_MS) this.#slow();
    else this.#timer = this.#clock.after(SLOW_AFTER_MS - ranMs, this.#look);
  };

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}
