/** Sequence numbers as sorted ranges that lie apart. */
export class SeqRanges {
  readonly #ranges: Array<[from: number, to: number]> = [];

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  get first(): readonly [from: number, to: number] | undefined {
    return this.#ranges[0];
  }

  /** Adds `[from, to]`; numbers that are there already stay. Adding behind the end costs nothing. */
  add(from: number, to = from): void {
    if (to < from) return;
    const ranges = this.#ranges;
    // The first range that touches or follows the new one.
    const at = this.#search(from - 1);
    let through = at;
    let low = from;
    let high = to;
    while (through < ranges.length && ranges[through]![0] <= to + 1) {
      low = Math.min(low, ranges[through]![0]);
      high = Math.max(high, ranges[through]![1]);
      through++;
    }
    ranges.splice(at, through - at, [low, high]);
  }

  addAll(other: SeqRanges): void {
    for (const [from, to] of other.#ranges) this.add(from, to);
  }

  /** Forgets everything up to and including `seq`. */
  removeThrough(seq: number): void {
    const ranges = this.#ranges;
    const gone = this.#search(seq + 1);
    ranges.splice(0, gone);
    const first = ranges[0];
    if (first !== undefined && first[0] <= seq) first[0] = seq + 1;
  }

  /** The index of the first range that ends at `seq` or behind it. */
  #search(seq: number): number {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length;
    if (high > 0 && ranges[high - 1]![1] < seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle]![1] < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
