/** Items of a batch that stand side by side. */
export interface Part {
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
}

/**
 * What is still to be tried of a batch: parts, the first items first. A part that is poisoned is split in two, as long as
 * the calls allowed suffice for every part that is left, so that each is tried once at least.
 *
 * k bad items among n take at most 1 + 2k⌈log₂ n⌉ calls: a bad item is met once on each of ⌈log₂ n⌉ levels, and each
 * meeting makes two calls.
 */
export class Bisection {
  readonly #maxCalls: number;
  readonly #parts: Part[];
  #calls = 0;

  constructor(items: number, maxCalls: number) {
    this.#maxCalls = maxCalls;
    this.#parts = [{ from: 0, to: items }];
  }

  /** Parts handed out so far. */
  get calls(): number {
    return this.#calls;
  }

  next(): Part | undefined {
    const part = this.#parts.pop();
    if (part !== undefined) this.#calls++;
    return part;
  }

  /** Splits a part that was handed out. False: it is a single item, or the calls allowed do not suffice. */
  split({ from, to }: Part): boolean {
    if (to - from < 2 || this.#calls + this.#parts.length + 2 > this.#maxCalls) return false;
    const middle = from + Math.ceil((to - from) / 2);
    this.#parts.push({ from: middle, to }, { from, to: middle });
    return true;
  }
}

/** Calls that find four bad items in a batch of `batchSize`, wherever they are. */
export function callsForFourBadItems(batchSize: number): number {
  return 1 + 8 * Math.ceil(Math.log2(batchSize));
}
