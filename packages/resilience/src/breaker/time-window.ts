import type { Window } from './window.js';

/** Numbers that a bucket holds: calls, failures, slow calls. */
const STRIDE = 3;

/**
 * The results of the last `durationMs`: a ring of buckets and the sums over them. It forgets a bucket at a time, so it
 * holds the current bucket and the ones before it, between `durationMs` less one bucket and `durationMs`. A result
 * counts in the bucket in which it arrives, not in the one in which its call began: that is when the failure is known,
 * and a call that took longer than the window must not go unseen.
 */
export class TimeWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #bucketMs: number;
  readonly #ring: number[];
  /** Which bucket since time 0 is the current one, and where in the ring it lies. */
  #current = Number.NEGATIVE_INFINITY;
  #at = 0;

  constructor(durationMs: number, buckets: number) {
    this.#bucketMs = durationMs / buckets;
    this.#ring = new Array<number>(buckets * STRIDE).fill(0);
  }

  record(nowMs: number, failed: boolean, slow: boolean): void {
    this.#moveTo(Math.floor(nowMs / this.#bucketMs));
    const ring = this.#ring;
    const at = this.#at;
    this.calls++;
    ring[at]!++;
    if (failed) {
      this.failures++;
      ring[at + 1]!++;
    }
    if (slow) {
      this.slow++;
      ring[at + 2]!++;
    }
  }

  /** However long nobody called, at most each bucket is cleared once. */
  #moveTo(bucket: number): void {
    const ring = this.#ring;
    const steps = Math.min(bucket - this.#current, ring.length / STRIDE);
    for (let step = 0; step < steps; step++) {
      const at = this.#at + STRIDE === ring.length ? 0 : this.#at + STRIDE;
      this.calls -= ring[at]!;
      this.failures -= ring[at + 1]!;
      this.slow -= ring[at + 2]!;
      ring.fill(0, at, at + STRIDE);
      this.#at = at;
    }
    if (steps > 0) this.#current = bucket;
  }
}
