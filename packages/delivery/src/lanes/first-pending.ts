import type { LaneBook } from '../book/lane-book.js';
import type { Ranges } from '../ranges/ranges.js';

/** The first of them that is pending still; forgets the others before it. */
export function firstPending(ranges: Ranges, book: LaneBook): number | undefined {
  for (let first = ranges.next(0); first !== undefined; first = ranges.next(first)) {
    const seq = book.nextPending(first);
    if (seq === first) return seq;
    ranges.remove(first, (seq ?? Number.POSITIVE_INFINITY) - 1);
  }
  return undefined;
}
