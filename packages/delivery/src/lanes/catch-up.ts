import type { Clock } from '@breakwater/resilience';

const LEAST_SHARE = 1 / 64;
const STEP_SHARE = 1 / 16;
const STEP_MS = 1_000;
// Shorter round trips than this say nothing: they are the event loop's.
const NOTICEABLE_MS = 20;
const SMOOTHING = 0.2;

/**
 * How fast backlog may be sent beside fresh data: a token bucket of points, whose rate halves when requests are held or
 * become slow against the fresh ones, and grows back by steps.
 */
export class CatchUp {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #burst: number;
  #rate: number;
  #tokens: number;
  #filledMs: number;
  #changedMs: number;
  #freshMs = 0;
  #freshPoints = 0;

  constructor(clock: Clock, pointsPerSecond: number, batchPoints: number) {
    this.#clock = clock;
    this.#most = pointsPerSecond;
    this.#rate = pointsPerSecond;
    this.#burst = Math.min(batchPoints, pointsPerSecond);
    this.#tokens = this.#burst;
    this.#filledMs = clock.now();
    this.#changedMs = this.#filledMs;
  }

  /** Points a second. */
  get rate(): number {
    return this.#rate;
  }

  /** How long the next batch of backlog has to wait. */
  waitMs(): number {
    this.#fill();
    // Within a thousandth of a point: what a timer waited for is there.
    return this.#tokens > -1e-3 ? 0 : Math.ceil((-this.#tokens / this.#rate) * 1_000);
  }

  /** A batch may go while any token is left; what it takes beyond that is owed. */
  take(points: number): void {
    this.#fill();
    this.#tokens -= points;
  }

  freshServed(rttMs: number, points: number): void {
    const share = this.#freshMs === 0 ? 1 : SMOOTHING;
    this.#freshMs += (rttMs - this.#freshMs) * share;
    this.#freshPoints += (points - this.#freshPoints) * share;
  }

  backlogServed(rttMs: number, points: number): void {
    const nowMs = this.#clock.now();
    if (this.#isSlow(rttMs, points)) this.slowDown();
    else if (this.#rate < this.#most && nowMs - this.#changedMs >= STEP_MS)
      this.#change(Math.min(this.#most, this.#rate + this.#most * STEP_SHARE), nowMs);
  }

  /** Halves the rate; once a second, as requests under way together fail together. */
  slowDown(): void {
    const nowMs = this.#clock.now();
    const least = Math.max(1, this.#most * LEAST_SHARE);
    const mayHalve = this.#rate === this.#most || nowMs - this.#changedMs >= STEP_MS;
    if (mayHalve) this.#change(Math.max(least, this.#rate / 2), nowMs);
  }

  /** A larger batch may take longer in proportion. */
  #isSlow(rttMs: number, points: number): boolean {
    if (this.#freshMs === 0 || rttMs < NOTICEABLE_MS) return false;
    return rttMs > 2 * this.#freshMs * Math.max(1, points / this.#freshPoints);
  }

  #change(rate: number, nowMs: number): void {
    this.#fill();
    this.#rate = rate;
    this.#changedMs = nowMs;
  }

  #fill(): void {
    const nowMs = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledMs) / 1_000) * this.#rate);
    this.#filledMs = nowMs;
  }
}
