/** Something that can stand in a priority queue. Extend it; the links belong to the queue. */
export abstract class Queued {
  /** @internal */
  line: Line | undefined;
  /** @internal */
  ahead: Queued | undefined;
  /** @internal */
  behind: Queued | undefined;
}

/** Those of one priority, oldest first. */
class Line {
  readonly priority: number;
  first: Queued | undefined;
  last: Queued | undefined;

  constructor(priority: number) {
    this.priority = priority;
  }
}

/**
 * Higher priorities first, oldest first within one. Joining, and leaving from any place, are O(1) for a priority that
 * somebody already waits with; a new one is searched for among the priorities present, of which there are few.
 */
export class PriorityQueue<T extends Queued> {
  // Lowest priority first, so that the line which empties most often is taken off the end. None is empty.
  readonly #lines: Line[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#lines.at(-1)?.first as T | undefined;
  }

  /** The priority of the first; -Infinity when nobody waits. */
  get priority(): number {
    return this.#lines.at(-1)?.priority ?? Number.NEGATIVE_INFINITY;
  }

  push(item: T, priority: number): void {
    const line = this.#line(priority);
    item.line = line;
    item.ahead = line.last;
    if (line.last === undefined) line.first = item;
    else line.last.behind = item;
    line.last = item;
    this.#size++;
  }

  /** Takes `item` out, wherever it stands. It must stand in this queue. */
  remove(item: T): void {
    const line = item.line!;
    if (item.ahead === undefined) line.first = item.behind;
    else item.ahead.behind = item.behind;
    if (item.behind === undefined) line.last = item.ahead;
    else item.behind.ahead = item.ahead;
    item.line = undefined;
    item.ahead = undefined;
    item.behind = undefined;
    this.#size--;
    if (line.first === undefined) this.#lines.splice(this.#place(line.priority), 1);
  }

  /** First to last. Items may not come or go meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = this.#lines.length - 1; index >= 0; index--) {
      for (let item = this.#lines[index]!.first; item !== undefined; item = item.behind) yield item as T;
    }
  }

  #line(priority: number): Line {
    const place = this.#place(priority);
    const present = this.#lines[place];
    if (present?.priority === priority) return present;
    const line = new Line(priority);
    this.#lines.splice(place, 0, line);
    return line;
  }

  /** Where the line of this priority is, or belongs: after all lower ones. */
  #place(priority: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle]!.priority < priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
