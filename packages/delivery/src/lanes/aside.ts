import type { LaneBook } from '../book/lane-book.js';
import { Ranges } from '../ranges/ranges.js';
import { firstPending } from './first-pending.js';
import type { LaneGate } from './gate.js';
import { KeyHeap } from './key-heap.js';

/** Frames that wait for a destination which is held, by their numbers alone. A step costs the same for many destinations. */
export class Aside {
  readonly #gate: LaneGate;
  readonly #book: LaneBook;
  readonly #ranges = new Map<string, Ranges>();
  /** When each destination may be tried; without those that are being tried. */
  readonly #due = new KeyHeap();
  /** The first frame of each, or one before it. */
  readonly #first = new KeyHeap();
  /** Destinations for which something was found out. */
  readonly #changed = new Set<string>();

  constructor(gate: LaneGate, book: LaneBook) {
    this.#gate = gate;
    this.#book = book;
  }

  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  add(key: string, seqs: Iterable<number>): void {
    let ranges = this.#ranges.get(key);
    if (ranges === undefined) {
      ranges = new Ranges();
      this.#ranges.set(key, ranges);
    }
    let first = this.#first.get(key) ?? Number.POSITIVE_INFINITY;
    for (const seq of seqs) {
      ranges.add(seq);
      first = Math.min(first, seq);
    }
    this.#first.set(key, first);
    if (this.#due.get(key) === undefined) this.#due.set(key, this.#gate.heldUntilMs(key));
  }

  /** The destination is free, or its hold is another. Nothing moves before `takeUp`: its frames may be being read. */
  changed(key: string): void {
    if (this.#ranges.has(key)) this.#changed.add(key);
  }

  /** What has waited for destinations that are free by now. */
  takeUp(): Ranges[] {
    const free: Ranges[] = [];
    for (const key of this.#changed) {
      const ranges = this.#ranges.get(key);
      if (ranges === undefined) continue;
      if (this.#gate.isFree(key)) free.push(this.#drop(key, ranges));
      else this.#due.set(key, this.#gate.heldUntilMs(key));
    }
    this.#changed.clear();
    return free;
  }

  /** What waits for a destination that may be tried now. */
  due(): Ranges | undefined {
    const nowMs = this.#gate.clock.now();
    for (let { first } = this.#due; first !== undefined && first.value <= nowMs; { first } = this.#due) {
      const { key } = first;
      const ranges = this.#ranges.get(key)!;
      if (firstPending(ranges, this.#book) === undefined) this.#drop(key, ranges);
      else if (this.#gate.admitsDestination(key)) return ranges;
      // It is being tried: what becomes of that will be told.
      else this.#due.delete(key);
    }
    return undefined;
  }

  /** The first of all; Infinity: nothing waits. */
  firstSeq(): number {
    for (let { first } = this.#first; first !== undefined; { first } = this.#first) {
      const { key, value } = first;
      const ranges = this.#ranges.get(key);
      const seq = ranges && firstPending(ranges, this.#book);
      if (seq === value) return seq;
      if (seq === undefined) this.#first.delete(key);
      else this.#first.set(key, seq);
    }
    return Number.POSITIVE_INFINITY;
  }

  #drop(key: string, ranges: Ranges): Ranges {
    this.#ranges.delete(key);
    this.#due.delete(key);
    this.#first.delete(key);
    return ranges;
  }
}
