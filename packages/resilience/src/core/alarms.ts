import type { Clock, Timer } from './clock.js';

/** Something with a due time in a queue of alarms. Extend it; the links belong to the queue. */
export abstract class Alarm {
  /** @internal */
  dueMs = 0;
  /** @internal */
  before: Alarm | undefined;
  /** @internal */
  after: Alarm | undefined;
  /** @internal */
  armed = false;

  /** Runs when the delay has passed and nobody cancelled. */
  abstract expire(): void;
}

/**
 * Alarms that all have the same delay, so that they expire in the order in which they were set: a linked list and one
 * timer, instead of a timer for each call. Setting and cancelling are O(1) and touch no timer as a rule.
 */
export class Alarms {
  readonly delayMs: number;
  readonly #clock: Clock;
  #first: Alarm | undefined;
  #last: Alarm | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.delayMs = delayMs;
  }

  set(alarm: Alarm): void {
    alarm.dueMs = this.#clock.now() + this.delayMs;
    alarm.armed = true;
    alarm.before = this.#last;
    if (this.#last === undefined) this.#first = alarm;
    else this.#last.after = alarm;
    this.#last = alarm;
    if (this.#timer === undefined) this.#timer = this.#clock.after(this.delayMs, this.#ring);
    else if (this.#first === alarm) this.#timer.ref?.();
  }

  cancel(alarm: Alarm): void {
    if (!alarm.armed) return;
    this.#remove(alarm);
    // The timer stays for the next alarm, but an idle process may end.
    if (this.#first === undefined) this.#timer?.unref?.();
  }

  #remove(alarm: Alarm): void {
    alarm.armed = false;
    if (alarm.before === undefined) this.#first = alarm.after;
    else alarm.before.after = alarm.after;
    if (alarm.after === undefined) this.#last = alarm.before;
    else alarm.after.before = alarm.before;
    alarm.before = undefined;
    alarm.after = undefined;
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    while (this.#first !== undefined && this.#first.dueMs <= now) {
      const due = this.#first;
      this.#remove(due);
      due.expire();
    }
    if (this.#first === undefined) return;
    // One that was set by one that rang has armed the timer for its own instant, later than the others are due.
    (this.#timer as Timer | undefined)?.[Symbol.dispose]();
    this.#timer = this.#clock.after(this.#first.dueMs - now, this.#ring);
  };
}
