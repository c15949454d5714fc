import type { Batch, Seat } from './batch.js';
import type { Linked } from './linked-list.js';
import type { BatchItemOutcome } from './options.js';

/**
 * An item with a promise of its own: one that had to wait for room, or whose caller may leave. Others are answered with
 * their batch, which costs far less.
 */
export class Ticket<T, R> implements Seat<R>, Linked<Ticket<T, R>> {
  readonly item: T;
  readonly size: number;
  readonly epoch: number;
  /** When its outcome is of no use any more, in monotonic milliseconds. */
  readonly deadline: number;
  readonly promise: Promise<R>;
  #resolve!: (value: R) => void;
  #reject!: (error: unknown) => void;
  /** Tells when the caller leaves. */
  watch: Disposable | undefined;
  /** Undefined while it waits for room. */
  batch: Batch<T, R> | undefined;
  previous: Ticket<T, R> | undefined;
  next: Ticket<T, R> | undefined;

  constructor(item: T, size: number, epoch: number, deadline: number) {
    this.item = item;
    this.size = size;
    this.epoch = epoch;
    this.deadline = deadline;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  answer(outcome: BatchItemOutcome<R>): void {
    this.watch?.[Symbol.dispose]();
    if ('error' in outcome) this.#reject(outcome.error);
    else this.#resolve(outcome.value);
  }
}
