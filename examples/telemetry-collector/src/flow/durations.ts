/** How many of the latest runs are remembered. */
const REMEMBERED = 32;

/** The durations of a target's latest runs, for an estimate that costs 128 bytes a target. */
export class Durations {
  readonly #ring = new Float32Array(REMEMBERED);
  #count = 0;

  add(ms: number): void {
    this.#ring[this.#count++ % REMEMBERED] = ms;
  }

  /** The nearest-rank quantile of the latest 32 runs, in milliseconds; undefined before the first. */
  quantile(share: number): number | undefined {
    const size = Math.min(this.#count, REMEMBERED);
    if (size === 0) return undefined;
    const sorted = this.#ring.slice(0, size).sort();
    return sorted[Math.max(0, Math.ceil(share * size) - 1)];
  }
}
