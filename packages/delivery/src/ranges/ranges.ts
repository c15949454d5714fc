export type Range = readonly [from: number, to: number];

/** Whole numbers as ranges `[from, to]`, sorted and apart from each other. */
export class Ranges {
  // Two plain arrays: a range costs two numbers, and the last of millions is found by halving.
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(ranges: Iterable<Range> = []) {
    for (const [from, to] of ranges) this.add(from, to);
  }

  /** How many ranges there are. */
  get size(): number {
    return this.#from.length;
  }

  /** Numbers that are there already stay. */
  add(from: number, to: number = from): void {
    if (to < from) return;
    const first = this.#search(from - 1);
    let last = first;
    // Together with all that it touches.
    while (last < this.size && this.#from[last]! <= to + 1) last++;
    if (last === first + 1) {
      this.#from[first] = Math.min(from, this.#from[first]!);
      this.#to[first] = Math.max(to, this.#to[first]!);
    } else if (first === this.size) {
      this.#from.push(from);
      this.#to.push(to);
    } else {
      const low = last === first ? from : Math.min(from, this.#from[first]!);
      const high = last === first ? to : Math.max(to, this.#to[last - 1]!);
      this.#from.splice(first, last - first, low);
      this.#to.splice(first, last - first, high);
    }
  }

  /** Numbers that are not there are passed over. */
  remove(from: number, to: number = from): void {
    const first = this.#search(from);
    let last = first;
    while (last < this.size && this.#from[last]! <= to) last++;
    if (to < from || last === first) return;
    const low = this.#from[first]!;
    const high = this.#to[last - 1]!;
    if (last === first + 1 && low < from !== high > to) {
      if (low < from) this.#to[first] = from - 1;
      else this.#from[first] = to + 1;
      return;
    }
    const kept: Range[] = [];
    if (low < from) kept.push([low, from - 1]);
    if (high > to) kept.push([to + 1, high]);
    this.#from.splice(first, last - first, ...kept.map(([start]) => start));
    this.#to.splice(first, last - first, ...kept.map(([, end]) => end));
  }

  has(value: number): boolean {
    const at = this.#search(value);
    return at < this.size && this.#from[at]! <= value;
  }

  /** The first number from `value` on that is there. */
  next(value: number): number | undefined {
    const at = this.#search(value);
    return at < this.size ? Math.max(value, this.#from[at]!) : undefined;
  }

  /** The first number from `value` on that is not there. */
  nextGap(value: number): number {
    return this.has(value) ? this.#to[this.#search(value)]! + 1 : value;
  }

  /** What is there of `[from, to]`, in order. Ends undefined by a change meanwhile. */
  *within(from: number, to: number): Generator<Range> {
    for (let at = this.#search(from); at < this.size && this.#from[at]! <= to; at++) {
      yield [Math.max(from, this.#from[at]!), Math.min(to, this.#to[at]!)];
    }
  }

  /** What is not there of `[from, to]`, in order. */
  *gapsWithin(from: number, to: number): Generator<Range> {
    let next = from;
    for (const [start, end] of this.within(from, to)) {
      if (start > next) yield [next, start - 1];
      next = end + 1;
    }
    if (next <= to) yield [next, to];
  }

  /** The first range that ends at `value` or behind it. */
  #search(value: number): number {
    const ends = this.#to;
    let low = 0;
    let high = ends.length;
    if (high > 0 && ends[high - 1]! < value) return high;
    if (high > 0 && ends[0]! >= value) return 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
