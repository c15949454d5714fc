import type { Batch } from './buffer.js';
import type { Flight } from './flight.js';
import type { Linked } from './linked-list.js';

let grabbedResolve: (value: never) => void;
let grabbedReject: (error: unknown) => void;

// One executor for every promise: a closure for each item would cost as much as its entry.
const grab = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  grabbedResolve = resolve;
  grabbedReject = reject;
};

/**
 * One item on its way, answered once. It waits for room (no batch, no flight), then it is queued in a batch, then it is in
 * flight.
 */
export class Entry<T, R> implements Linked<Entry<T, R>> {
  readonly item: T;
  /** Counts up with each item that is added. */
  readonly order: number;
  readonly size: number;
  readonly promise: Promise<R>;
  readonly #resolve: (value: R) => void;
  readonly #reject: (error: unknown) => void;
  answered = false;
  batch: Batch<T, R> | undefined;
  flight: Flight<T, R> | undefined;
  /** When its outcome is of no use any more, in monotonic milliseconds. */
  deadline = Number.POSITIVE_INFINITY;
  /** Tells when the caller leaves. */
  watch: Disposable | undefined;
  previous: Entry<T, R> | undefined;
  next: Entry<T, R> | undefined;

  constructor(item: T, order: number, size: number) {
    this.item = item;
    this.order = order;
    this.size = size;
    this.promise = new Promise<R>(grab as never);
    this.#resolve = grabbedResolve as (value: R) => void;
    this.#reject = grabbedReject;
  }

  resolve(value: R): void {
    this.answered = true;
    this.watch?.[Symbol.dispose]();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.answered = true;
    this.watch?.[Symbol.dispose]();
    this.#reject(error);
  }
}
