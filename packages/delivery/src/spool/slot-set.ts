import type { LaneStatus } from '../lanes/lane.js';
import type { Slot } from './slot.js';

/** The slots that this process delivers: its own, and those of processes that are gone. */
export class SlotSet {
  readonly own: Slot;
  readonly #adopted: Slot[] = [];

  constructor(own: Slot) {
    this.own = own;
  }

  /** From old to new. */
  get all(): Slot[] {
    return [...this.#adopted, this.own];
  }

  /** Whether a lane of the configuration is owed anything in any of them. */
  get isOwed(): boolean {
    return this.all.some(({ isOwed }) => isOwed);
  }

  /** Those of others in which nothing is owed any more. */
  get finished(): Slot[] {
    return this.#adopted.filter(({ isOwed }) => !isOwed);
  }

  adopt(slot: Slot): void {
    this.#adopted.push(slot);
  }

  giveUp(slot: Slot): void {
    this.#adopted.splice(this.#adopted.indexOf(slot), 1);
  }

  /** What the lanes of one backend say. */
  statusesOf(backend: string): LaneStatus[] {
    return this.all.flatMap(({ lanes }) =>
      [...lanes].flatMap(({ id, lane }) => (id === backend && lane !== undefined ? [lane.status()] : [])),
    );
  }
}
