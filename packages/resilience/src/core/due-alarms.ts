import { Alarm } from './alarms.js';
import type { Clock, Timer } from './clock.js';

/** An alarm that can stand in either kind of queue: `Alarms` (one delay for all) or `DueAlarms` (any instant). */
export abstract class DueAlarm extends Alarm {
  /** @internal Its place in the heap; -1: none. */
  place = -1;
}

/**
 * Alarms for arbitrary instants on one timer, instead of a timer for each call: a binary heap. Setting costs O(1) when
 * instants come in order, as deadlines do, and O(log n) at worst; so does cancelling.
 */
export class DueAlarms {
  readonly #clock: Clock;
  readonly #heap: DueAlarm[] = [];
  #timer: Timer | undefined;
  #timerDueMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets `alarm` expire at `dueMs`, monotonic milliseconds of the clock. */
  set(alarm: DueAlarm, dueMs: number): void {
    alarm.dueMs = dueMs;
    this.#heap.push(alarm);
    this.#rise(alarm, this.#heap.length - 1);
    if (this.#timer === undefined || dueMs < this.#timerDueMs) this.#arm(dueMs);
    else if (this.#heap.length === 1) this.#timer.ref?.();
  }

  cancel(alarm: DueAlarm): void {
    if (alarm.place === -1) return;
    this.#remove(alarm);
    // The timer stays for the next alarm, but an idle process may end.
    if (this.#heap.length === 0) this.#timer?.unref?.();
  }

  #arm(dueMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.after(dueMs - this.#clock.now(), this.#ring);
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (let due = this.#heap[0]; due !== undefined && due.dueMs <= now; due = this.#heap[0]) {
      this.#remove(due);
      due.expire();
    }
    const next = this.#heap[0];
    // One that was set by one that rang may have armed the timer for later than the others are due.
    if (next !== undefined && (this.#timer === undefined || next.dueMs < this.#timerDueMs)) this.#arm(next.dueMs);
  };

  #remove(alarm: DueAlarm): void {
    const last = this.#heap.pop()!;
    if (last !== alarm) {
      const place = alarm.place;
      this.#rise(last, place);
      if (last.place === place) this.#sink(last, place);
    }
    alarm.place = -1;
  }

  #rise(alarm: DueAlarm, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above]!;
      if (parent.dueMs <= alarm.dueMs) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(alarm, place);
  }

  #sink(alarm: DueAlarm, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      if (left >= this.#heap.length) break;
      const below = right < this.#heap.length && this.#heap[right]!.dueMs < this.#heap[left]!.dueMs ? right : left;
      const child = this.#heap[below]!;
      if (child.dueMs >= alarm.dueMs) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(alarm, place);
  }

  #put(alarm: DueAlarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }
}
