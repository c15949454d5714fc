/** How many runs are remembered, and for how long. */
const REMEMBERED = 1_024;
const RECENT_MS = 60_000;

/** How long the latest runs took, over all targets: what a busy collector shows of itself, for 12 kB. */
export class RecentRuns {
  readonly #durationsMs = new Float32Array(REMEMBERED);
  readonly #endsMs = new Float64Array(REMEMBERED);
  #count = 0;

  /** A run ended at `nowMs`, on the monotonic clock. */
  add(durationMs: number, nowMs: number): void {
    const place = this.#count++ % REMEMBERED;
    this.#durationsMs[place] = durationMs;
    this.#endsMs[place] = nowMs;
  }

  /** The nearest-rank 95th percentile of those of the last minute, 1,024 at most; undefined when nothing ran. */
  p95Ms(nowMs: number): number | undefined {
    const size = Math.min(this.#count, REMEMBERED);
    const recent = this.#durationsMs
      .subarray(0, size)
      .filter((_, place) => nowMs - this.#endsMs[place]! <= RECENT_MS)
      .sort();
    return recent[Math.ceil(0.95 * recent.length) - 1];
  }
}
