import { Alarm } from '../core/alarms.js';
import type { Linked } from './linked-list.js';
import type { BatchItemOutcome } from './options.js';

/** Why a batch stopped taking items. */
export type FlushCause = 'count' | 'bytes' | 'age' | 'flush' | 'drain';

/** An item of a batch whose caller is answered by itself. */
export interface Seat<R> {
  readonly size: number;
  readonly deadline: number;
  answer(outcome: BatchItemOutcome<R>): void;
}

/** The worker that has taken a batch. */
export interface Carrier<R> {
  /** The caller of an item leaves while it is processed. */
  leave(seat: Seat<R>, error: unknown): void;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Items that are processed together, and their outcomes. Its alarm is its age.
 *
 * Items without a seat are answered together, once the last one has its outcome: their promises are reactions to one
 * promise of the batch and run in the order in which they were asked for, so that each reads the next outcome. An item
 * costs that one promise, and no object or resolving functions of its own.
 */
export class Batch<T, R> extends Alarm implements Linked<Batch<T, R>> {
  readonly epoch: number;
  readonly items: T[] = [];
  bytes = 0;
  /** Old enough to go as soon as a worker is free; until then it goes on taking items. */
  due = false;
  /** Undefined while it is open. */
  cause: FlushCause | undefined;
  carrier: Carrier<R> | undefined;
  previous: Batch<T, R> | undefined;
  next: Batch<T, R> | undefined;
  readonly #aged: () => void;
  readonly #done: Promise<void>;
  #resolveDone!: () => void;
  /** By position, as the outcomes are; made when first needed. */
  #seats: Array<Seat<R> | undefined> | undefined;
  #outcomes: Array<BatchItemOutcome<R> | undefined> | undefined;
  #answered = 0;
  #read = 0;

  constructor(epoch: number, aged: () => void) {
    super();
    this.epoch = epoch;
    this.#aged = aged;
    this.#done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
  }

  expire(): void {
    this.due = true;
    this.#aged();
  }

  /** Items that have no outcome yet. */
  get unanswered(): number {
    return this.items.length - this.#answered;
  }

  /** When the last of its items is of no use any more. */
  get deadline(): number {
    if (this.#seats === undefined) return NEVER;
    let latest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.items.length; index++) {
      latest = Math.max(latest, this.#seats[index]?.deadline ?? NEVER);
    }
    return latest;
  }

  join(item: T, size: number, seat: Seat<R> | undefined): void {
    if (seat !== undefined) {
      this.#seats ??= [];
      this.#seats[this.items.length] = seat;
    }
    this.items.push(item);
    this.bytes += size;
  }

  /** The outcome of the item that has just joined without a seat. */
  outcome(): Promise<R> {
    return this.#done.then(this.#next);
  }

  positionOf(seat: Seat<R>): number {
    return this.#seats!.indexOf(seat);
  }

  /** Takes out an item that no worker has taken. */
  remove(seat: Seat<R>): void {
    const index = this.positionOf(seat);
    this.#seats!.splice(index, 1);
    this.items.splice(index, 1);
    this.bytes -= seat.size;
  }

  isAnswered(index: number): boolean {
    return this.#outcomes?.[index] !== undefined;
  }

  /** The outcome of an item that has none yet. */
  answer(index: number, outcome: BatchItemOutcome<R>): void {
    this.#outcomes ??= [];
    this.#outcomes[index] = outcome;
    this.#seats?.[index]?.answer(outcome);
    if (++this.#answered === this.items.length) this.#resolveDone();
  }

  /** Every item is accepted, without a value. False: some have a seat or an outcome, they must be answered one by one. */
  accept(): boolean {
    if (this.#seats !== undefined || this.#outcomes !== undefined) return false;
    this.#answered = this.items.length;
    this.#resolveDone();
    return true;
  }

  readonly #next = (): R => {
    if (this.#outcomes === undefined) return undefined as R;
    while (this.#seats?.[this.#read] !== undefined) this.#read++;
    const outcome = this.#outcomes[this.#read++]!;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}
