import type { Clock, Timer } from '@breakwater/resilience';
import type { Due, Schedule, Scheduled } from './schedule.js';

/** The longest sleep, in milliseconds: a wall clock that was set is noticed within it. */
const LONGEST_NAP_MS = 1_000;
/** How soon it looks again while nothing may be taken, in milliseconds. */
const HOLDING_NAP_MS = 100;

/** Which turns may be taken. */
export interface Leave<T> {
  /** Whether any may, at this moment: while not, they stay where they are. */
  now(): boolean;
  /** Whether those of this item may. */
  readonly of: (item: T) => boolean;
}

const ANY: Leave<unknown> = { now: () => true, of: () => true };

/** Drives a schedule with one timer, however many targets there are. */
export class Ticker<T extends Scheduled> {
  readonly #schedule: Schedule<T>;
  readonly #clock: Clock;
  readonly #onDue: (due: Due<T>) => void;
  readonly #leave: Leave<T>;
  #timer: Timer | undefined;
  #running = false;

  constructor(schedule: Schedule<T>, clock: Clock, onDue: (due: Due<T>) => void, leave: Leave<T> = ANY) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#onDue = onDue;
    this.#leave = leave;
  }

  start(): void {
    this.#running = true;
    this.#arm();
  }

  /** Looks again when the next turn is: after the schedule was changed. */
  changed(): void {
    if (this.#running) this.#arm();
  }

  /** Takes what is due at this moment and not later, however late the timer is. */
  catchUp(): void {
    if (this.#running) this.#ring();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #arm(shortestMs = 0): void {
    this.#timer?.[Symbol.dispose]();
    const waitMs = Math.min(Math.max(this.#schedule.nextMs - this.#clock.wall(), shortestMs), LONGEST_NAP_MS);
    this.#timer = this.#clock.after(waitMs, this.#ring);
  }

  readonly #ring = (): void => {
    const now = this.#leave.now();
    if (now) for (const due of this.#schedule.take(this.#clock.wall(), this.#leave.of)) this.#onDue(due);
    if (this.#running) this.#arm(now ? 0 : HOLDING_NAP_MS);
  };
}
