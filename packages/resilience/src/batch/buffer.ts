import { Alarm } from '../core/alarms.js';
import type { Entry } from './entry.js';
import { type Linked, LinkedList } from './linked-list.js';

/** Why a batch stopped taking items. */
export type FlushCause = 'count' | 'bytes' | 'age' | 'flush' | 'drain';

export interface BufferLimits {
  readonly batchSize: number;
  /** Infinity: none. */
  readonly maxBytes: number;
}

/** What a buffer tells its owner: when a batch's age begins and ceases to matter, and when it is reached. */
export interface BufferEdge<T, R> {
  opened(batch: Batch<T, R>): void;
  closed(batch: Batch<T, R>): void;
  aged(): void;
}

/** Items that are processed together. Its alarm is its age. */
export class Batch<T, R> extends Alarm implements Linked<Batch<T, R>> {
  readonly entries: LinkedList<Entry<T, R>> = new LinkedList();
  readonly #edge: BufferEdge<T, R>;
  bytes = 0;
  /** Old enough to go as soon as a worker is free; until then it goes on taking items. */
  due = false;
  /** Undefined while it is open. */
  cause: FlushCause | undefined;
  previous: Batch<T, R> | undefined;
  next: Batch<T, R> | undefined;

  constructor(edge: BufferEdge<T, R>) {
    super();
    this.#edge = edge;
  }

  expire(): void {
    this.due = true;
    this.#edge.aged();
  }
}

/**
 * Puts items together into batches, in the order in which they come. One batch at most is open; it is sealed when it
 * is full, or by hand. Sealed batches go first come, first served; the open one goes when it is due and none is before it.
 */
export class BatchBuffer<T, R> {
  readonly #limits: BufferLimits;
  readonly #edge: BufferEdge<T, R>;
  readonly #sealed: LinkedList<Batch<T, R>> = new LinkedList();
  #open: Batch<T, R> | undefined;
  #length = 0;

  constructor(limits: BufferLimits, edge: BufferEdge<T, R>) {
    this.#limits = limits;
    this.#edge = edge;
  }

  /** Items in all batches. */
  get length(): number {
    return this.#length;
  }

  /** The batch that goes next, ready or not. */
  get oldest(): Batch<T, R> | undefined {
    return this.#sealed.first ?? this.#open;
  }

  add(entry: Entry<T, R>): void {
    const { batchSize, maxBytes } = this.#limits;
    if (this.#open !== undefined && this.#open.bytes + entry.size > maxBytes) this.seal('bytes');
    const batch = this.#open ?? this.#begin();
    batch.entries.push(entry);
    batch.bytes += entry.size;
    entry.batch = batch;
    this.#length++;
    if (batch.entries.length === batchSize) this.seal('count');
    else if (batch.bytes >= maxBytes) this.seal('bytes');
  }

  #begin(): Batch<T, R> {
    const batch = new Batch(this.#edge);
    this.#open = batch;
    this.#edge.opened(batch);
    return batch;
  }

  /** The open batch takes no more items. */
  seal(cause: FlushCause): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    batch.cause = cause;
    this.#sealed.push(batch);
    this.#edge.closed(batch);
  }

  /** Seals the open batch if it holds an item as early as `order`. */
  sealUpTo(order: number, cause: FlushCause): void {
    const first = this.#open?.entries.first;
    if (first !== undefined && first.order <= order) this.seal(cause);
  }

  /** An item leaves before its turn. The age of its batch still counts from when the batch was begun. */
  remove(entry: Entry<T, R>): void {
    const batch = entry.batch!;
    batch.entries.remove(entry);
    batch.bytes -= entry.size;
    entry.batch = undefined;
    this.#length--;
    if (batch.entries.length === 0) this.#drop(batch);
  }

  #drop(batch: Batch<T, R>): void {
    if (batch !== this.#open) {
      this.#sealed.remove(batch);
      return;
    }
    this.#open = undefined;
    this.#edge.closed(batch);
  }

  /** The next batch that is ready. */
  take(): Batch<T, R> | undefined {
    if (this.#sealed.first === undefined && this.#open?.due === true) this.seal('age');
    const batch = this.#sealed.shift();
    if (batch !== undefined) this.#length -= batch.entries.length;
    return batch;
  }

  /** Empties the buffer: every item, oldest first. */
  clear(): Array<Entry<T, R>> {
    this.seal('flush');
    this.#length = 0;
    return this.#sealed.takeAll().flatMap((batch) => batch.entries.takeAll());
  }
}
