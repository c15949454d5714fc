import { Batch, type FlushCause } from './batch.js';
import { LinkedList } from './linked-list.js';
import type { Ticket } from './ticket.js';

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

  /** Answers the batch that the item has joined. */
  add(item: T, size: number, epoch: number, ticket?: Ticket<T, R>): Batch<T, R> {
    const { batchSize, maxBytes } = this.#limits;
    if (this.#open !== undefined && this.#open.bytes + size > maxBytes) this.seal('bytes');
    const batch = this.#open ?? this.#begin(epoch);
    batch.join(item, size, ticket);
    if (ticket !== undefined) ticket.batch = batch;
    this.#length++;
    if (batch.items.length === batchSize) this.seal('count');
    else if (batch.bytes >= maxBytes) this.seal('bytes');
    return batch;
  }

  #begin(epoch: number): Batch<T, R> {
    const batch = new Batch<T, R>(epoch, this.#edge.aged);
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

  /** Seals the open batch if it is of an epoch before `epoch`. */
  sealBefore(epoch: number, cause: FlushCause): void {
    if (this.#open !== undefined && this.#open.epoch < epoch) this.seal(cause);
  }

  /** An item leaves before its turn. The age of its batch still counts from when the batch was begun. */
  remove(ticket: Ticket<T, R>): void {
    const batch = ticket.batch!;
    batch.remove(ticket);
    this.#length--;
    if (batch.items.length > 0) return;
    if (batch !== this.#open) {
      this.#sealed.remove(batch);
      return;
    }
    this.#open = undefined;
    this.#edge.closed(batch);
  }

  /** The next batch that is ready. */
  take(): Batch<T, R> | undefined {
    if (this.#sealed.first === undefined) {
      if (this.#open === undefined || !this.#open.due) return undefined;
      this.seal('age');
    }
    const batch = this.#sealed.shift()!;
    this.#length -= batch.items.length;
    return batch;
  }

  /** Empties the buffer: every batch, the oldest first. */
  clear(): Array<Batch<T, R>> {
    this.seal('flush');
    this.#length = 0;
    return this.#sealed.takeAll();
  }
}
