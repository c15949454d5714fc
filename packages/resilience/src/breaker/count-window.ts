import type { Window } from './window.js';

const FAILED = 1;
const SLOW = 2;

/** The last `size` results: a ring of one byte each, and the sums over it. */
export class CountWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #ring: Uint8Array;
  #next = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  record(_nowMs: number, failed: boolean, slow: boolean): void {
    const ring = this.#ring;
    // A place that was never used holds 0, which takes nothing off the sums.
    const gone = ring[this.#next]!;
    if (gone & FAILED) this.failures--;
    if (gone & SLOW) this.slow--;
    ring[this.#next] = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    if (failed) this.failures++;
    if (slow) this.slow++;
    if (this.calls < ring.length) this.calls++;
    this.#next = this.#next + 1 === ring.length ? 0 : this.#next + 1;
  }
}
