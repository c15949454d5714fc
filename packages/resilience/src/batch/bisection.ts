/**
 * What is still to be tried of a batch: parts, the first items first. A part that is poisoned is split in two, as long as
 * the calls allowed suffice for every part that is left, so that each is tried once at least.
 *
 * k bad items among n take at most 1 + 2k⌈log₂ n⌉ calls: a bad item is met once on each of ⌈log₂ n⌉ levels, and each
 * meeting makes two calls.
 */
export class Bisection<E> {
  readonly #maxCalls: number;
  readonly #parts: Array<readonly E[]>;
  #calls = 0;

  constructor(batch: readonly E[], maxCalls: number) {
    this.#maxCalls = maxCalls;
    this.#parts = [batch];
  }

  /** Parts handed out so far. */
  get calls(): number {
    return this.#calls;
  }

  next(): readonly E[] | undefined {
    const part = this.#parts.pop();
    if (part !== undefined) this.#calls++;
    return part;
  }

  /** Splits a part that was handed out. False: it is a single item, or the calls allowed do not suffice. */
  split(part: readonly E[]): boolean {
    if (part.length < 2 || this.#calls + this.#parts.length + 2 > this.#maxCalls) return false;
    const half = Math.ceil(part.length / 2);
    this.#parts.push(part.slice(half), part.slice(0, half));
    return true;
  }
}

/** Calls that find four bad items in a batch of `batchSize`, wherever they are. */
export const callsForFourBadItems = (batchSize: number): number => 1 + 8 * Math.ceil(Math.log2(batchSize));
