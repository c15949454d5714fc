import { Alarm } from '../core/alarms.js';
import type { Flight } from './flight.js';
import type { Linked } from './linked-list.js';
import type { ItemOutcome } from './options.js';
import type { Ticket } from './ticket.js';

/** Why a batch stopped taking items. */
export type FlushCause = 'count' | 'bytes' | 'age' | 'flush' | 'drain';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Items that are processed together, and their outcomes. Its alarm is its age.
 *
 * Items without a ticket are answered together, once the last one has its outcome: their promises are reactions to one
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
  previous: Batch<T, R> | undefined;
  next: Batch<T, R> | undefined;
  readonly #aged: () => void;
  readonly #done: Promise<void>;
  #resolveDone!: () => void;
  /** By position, as the outcomes are; made when first needed. */
  #tickets: Array<Ticket<T, R> | undefined> | undefined;
  #outcomes: Array<ItemOutcome<R> | undefined> | undefined;
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
    if (this.#tickets === undefined) return NEVER;
    let latest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.items.length; index++) {
      latest = Math.max(latest, this.#tickets[index]?.deadline ?? NEVER);
    }
    return latest;
  }

  join(item: T, size: number, ticket: Ticket<T, R> | undefined): void {
    if (ticket !== undefined) {
      this.#tickets ??= [];
      this.#tickets[this.items.length] = ticket;
      ticket.batch = this;
    }
    this.items.push(item);
    this.bytes += size;
  }

  /** The outcome of the item that has just joined without a ticket. */
  outcome(): Promise<R> {
    return this.#done.then(this.#next);
  }

  positionOf(ticket: Ticket<T, R>): number {
    return this.#tickets!.indexOf(ticket);
  }

  /** Takes out an item that no worker has taken. */
  remove(ticket: Ticket<T, R>): void {
    const index = this.positionOf(ticket);
    this.#tickets!.splice(index, 1);
    this.items.splice(index, 1);
    this.bytes -= ticket.size;
  }

  /** A worker takes the batch. */
  board(flight: Flight<T, R>): void {
    this.#tickets?.forEach((ticket) => {
      if (ticket !== undefined) ticket.flight = flight;
    });
  }

  isAnswered(index: number): boolean {
    return this.#outcomes?.[index] !== undefined;
  }

  /** The outcome of an item that has none yet. */
  answer(index: number, outcome: ItemOutcome<R>): void {
    this.#outcomes ??= [];
    this.#outcomes[index] = outcome;
    this.#tickets?.[index]?.answer(outcome);
    if (++this.#answered === this.items.length) this.#resolveDone();
  }

  /** Every item is accepted, without a value. False: some have a ticket or an outcome, they must be answered one by one. */
  accept(): boolean {
    if (this.#tickets !== undefined || this.#outcomes !== undefined) return false;
    this.#answered = this.items.length;
    this.#resolveDone();
    return true;
  }

  readonly #next = (): R => {
    if (this.#outcomes === undefined) return undefined as R;
    while (this.#tickets?.[this.#read] !== undefined) this.#read++;
    const outcome = this.#outcomes[this.#read++]!;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}
