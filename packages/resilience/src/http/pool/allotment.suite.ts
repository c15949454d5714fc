import { expect } from 'vitest';
import { Allotment, type AllotmentLimits } from './allotment.js';
import type { Linked } from './chain.js';
import { Origin, type Slot, type SlotState } from './origin.js';

export class TestOrigin extends Origin<TestSlot, TestWaiter> {}

export class TestSlot implements Slot<TestSlot, TestOrigin> {
  ahead: TestSlot | undefined;
  behind: TestSlot | undefined;
  state: SlotState = 'connecting';
  readonly origin: TestOrigin;
  waiter: TestWaiter | undefined;
  idleSince = 0;

  constructor(origin: TestOrigin) {
    this.origin = origin;
  }
}

export class TestWaiter implements Linked<TestWaiter> {
  ahead: TestWaiter | undefined;
  behind: TestWaiter | undefined;
  readonly key: string;
  readonly id: number;
  fate: 'served' | 'failed' | 'left' | 'refused' | undefined;

  constructor(key: string, id: number) {
    this.key = key;
    this.id = id;
  }
}

/**
 * Sockets and requests as plain lists, which knows the rules in their slowest and plainest form and holds every decision of
 * an allotment against them.
 */
export class World {
  readonly limits: AllotmentLimits;
  readonly allotment: Allotment<TestSlot, TestWaiter, TestOrigin>;
  slots: TestSlot[] = [];
  borrowed: TestOrigin[] = [];
  readonly waiting = new Map<string, TestWaiter[]>();
  readonly log: string[] = [];
  #releasing: TestSlot | undefined;
  #expelled = false;
  #time = 0;
  #ids = 0;

  constructor(limits: AllotmentLimits) {
    this.limits = limits;
    this.allotment = new Allotment<TestSlot, TestWaiter, TestOrigin>(limits, {
      open: (origin) => this.#opens(origin),
      cancel: (slot) => this.#cancels(slot),
      serve: (slot, waiter) => this.#serves(slot, waiter),
      evict: (slot) => this.#evicts(slot),
      expel: (waiter) => this.#expels(waiter),
    });
  }

  // What happens.

  request(key: string, urgent = false): TestWaiter {
    const waiter = new TestWaiter(key, this.#ids++);
    const list = this.#list(key);
    if (urgent) list.unshift(waiter);
    else list.push(waiter);
    const origin = this.allotment.find(key) ?? new TestOrigin(key);
    this.#expelled = false;
    const taken = this.allotment.request(origin, waiter, urgent);
    if (urgent) expect(taken).toBe(true);
    if (!taken) this.#refused(waiter);
    else if (waiter.fate === undefined && !urgent && !this.#expelled)
      expect(this.excess()).toBeLessThanOrEqual(this.limits.maxQueued);
    this.check();
    return waiter;
  }

  leave(waiter: TestWaiter): void {
    this.#remove(waiter, 'left');
    this.allotment.leave(this.allotment.find(waiter.key)!, waiter);
    this.check();
  }

  connect(slot: TestSlot): void {
    this.#time++;
    this.allotment.connected(slot);
    this.#stamp(slot);
    this.check();
  }

  fail(slot: TestSlot): void {
    const expected = this.#list(slot.origin.key)[0];
    if (expected !== undefined) this.#remove(expected, 'failed');
    expect(this.allotment.failed(slot)).toBe(expected);
    this.check();
  }

  finish(slot: TestSlot): void {
    this.#time++;
    slot.waiter = undefined;
    const yields = this.#mustYield(slot);
    this.#releasing = slot;
    this.allotment.released(slot);
    this.#releasing = undefined;
    if (yields) expect(slot.state).toBe('closing');
    this.#stamp(slot);
    this.check();
  }

  lose(slot: TestSlot): void {
    slot.waiter = undefined;
    this.allotment.closing(slot);
    this.check();
  }

  close(slot: TestSlot): void {
    this.slots = this.slots.filter((other) => other !== slot);
    this.allotment.closed(slot);
    this.check();
  }

  borrow(key: string): void {
    const origin = this.allotment.find(key);
    if (origin === undefined) return;
    const { maxSockets, maxSocketsPerOrigin } = this.limits;
    const spare = this.open() < maxSockets && this.open(key) < maxSocketsPerOrigin;
    expect(this.allotment.borrow(origin)).toBe(spare);
    if (spare) this.borrowed.push(origin);
    this.check();
  }

  giveBack(origin: TestOrigin): void {
    this.borrowed.splice(this.borrowed.indexOf(origin), 1);
    this.allotment.giveBack(origin);
    this.check();
  }

  // What is, counted anew.

  inState(state: SlotState, key?: string): TestSlot[] {
    return this.slots.filter((slot) => slot.state === state && (key === undefined || slot.origin.key === key));
  }

  open(key?: string): number {
    const slots = this.slots.filter(({ origin }) => key === undefined || origin.key === key);
    return slots.length + this.borrowed.filter((origin) => key === undefined || origin.key === key).length;
  }

  keys(): string[] {
    return [...this.waiting.keys()];
  }

  /** Requests of an origin for which no socket is being opened. */
  uncovered(key: string): number {
    return Math.max(0, this.#list(key).length - this.inState('connecting', key).length);
  }

  wanted(key: string): number {
    return Math.min(this.uncovered(key), this.limits.maxSocketsPerOrigin - this.open(key));
  }

  sum(of: (key: string) => number): number {
    return this.keys().reduce((sum, key) => sum + of(key), 0);
  }

  /** Requests for which no socket is being opened or freed. */
  excess(): number {
    return this.sum((key) => this.uncovered(key)) - this.inState('closing').length;
  }

  check(): void {
    const { maxSockets, maxSocketsPerOrigin, maxQueued } = this.limits;
    const closing = this.inState('closing').length;
    const idle = this.inState('idle');
    const queued = this.sum((key) => this.uncovered(key));
    const wanted = this.sum((key) => this.wanted(key));
    expect(this.allotment.counts).toEqual({
      open: this.open(),
      connecting: this.inState('connecting').length + this.borrowed.length,
      busy: this.inState('busy').length,
      idle: idle.length,
      closing,
      queued,
      origins: this.keys().filter((key) => this.open(key) > 0 || this.#list(key).length > 0).length,
    });
    expect(this.open()).toBeLessThanOrEqual(maxSockets);
    for (const key of this.keys()) {
      expect(this.open(key)).toBeLessThanOrEqual(maxSocketsPerOrigin);
      if (this.inState('idle', key).length > 0) expect(this.#list(key)).toHaveLength(0);
    }
    // Nobody waits without need.
    if (this.open() < maxSockets) expect(wanted).toBe(0);
    if (wanted > closing) {
      expect(idle).toHaveLength(0);
      expect(this.sum((key) => this.#surplus(key))).toBe(0);
    }
    // A socket that was to be freed for a request may go to another; urgent requests are never refused.
    expect(queued).toBeLessThanOrEqual(maxQueued + maxSockets + this.#urgent);
  }

  #urgent = 0;
  allowUrgent(count: number): void {
    this.#urgent += count;
  }

  // What the allotment decides.

  #opens(origin: TestOrigin): TestSlot {
    this.log.push(`open ${origin.key}`);
    const needy = this.keys().filter((key) => this.wanted(key) > 0);
    expect(needy).toContain(origin.key);
    expect(this.open(origin.key)).toBe(Math.min(...needy.map((key) => this.open(key))));
    const slot = new TestSlot(origin);
    this.slots.push(slot);
    return slot;
  }

  #cancels(slot: TestSlot): void {
    this.log.push(`cancel ${slot.origin.key}`);
    const { key } = slot.origin;
    // It is closing by now, so what is left must still do for those who wait.
    expect(this.inState('connecting', key).length).toBeGreaterThanOrEqual(this.#list(key).length);
    expect(slot.state).toBe('closing');
  }

  #serves(slot: TestSlot, waiter: TestWaiter): void {
    this.log.push(`serve ${waiter.key}`);
    expect(slot.origin.key).toBe(waiter.key);
    expect(slot.waiter).toBeUndefined();
    expect(this.#list(waiter.key)[0]).toBe(waiter);
    if (slot === this.#releasing) expect(this.#mustYield(slot)).toBe(false);
    this.#remove(waiter, 'served');
    slot.waiter = waiter;
  }

  #evicts(slot: TestSlot): void {
    this.log.push(`evict ${slot.origin.key}`);
    expect(slot.state).toBe('closing');
    // Either it was the longest idle, or it yields instead of going on.
    if (slot === this.#releasing) return;
    for (const other of this.inState('idle'))
      if (other !== this.#releasing) expect(other.idleSince).toBeGreaterThanOrEqual(slot.idleSince);
  }

  #expels(waiter: TestWaiter): void {
    this.log.push(`expel ${waiter.key}`);
    this.#expelled = true;
    expect(this.excess()).toBeGreaterThan(this.limits.maxQueued);
    expect(this.#list(waiter.key).at(-1)).toBe(waiter);
    for (const key of this.keys()) expect(this.uncovered(key)).toBeLessThanOrEqual(this.uncovered(waiter.key));
    this.#remove(waiter, 'refused');
  }

  #refused(waiter: TestWaiter): void {
    expect(this.excess()).toBeGreaterThan(this.limits.maxQueued);
    for (const key of this.keys()) expect(this.uncovered(key)).toBeLessThanOrEqual(this.uncovered(waiter.key));
    this.#remove(waiter, 'refused');
  }

  /** At the cap, with nothing else to free: another origin waits with none at all, or with two fewer. */
  #mustYield(slot: TestSlot): boolean {
    const { key } = slot.origin;
    if (this.open() < this.limits.maxSockets) return false;
    if (this.sum((other) => this.wanted(other)) <= this.inState('closing').length) return false;
    const needy = this.keys().filter((other) => this.wanted(other) > 0);
    const fewest = Math.min(...needy.map((other) => this.open(other)));
    return fewest === 0 || this.open(key) >= fewest + 2;
  }

  #surplus(key: string): number {
    return Math.max(0, this.inState('connecting', key).length - this.#list(key).length);
  }

  #stamp(slot: TestSlot): void {
    if (slot.state === 'idle') slot.idleSince = this.#time;
  }

  #list(key: string): TestWaiter[] {
    const known = this.waiting.get(key);
    if (known !== undefined) return known;
    const list: TestWaiter[] = [];
    this.waiting.set(key, list);
    return list;
  }

  #remove(waiter: TestWaiter, fate: TestWaiter['fate']): void {
    const list = this.#list(waiter.key);
    list.splice(list.indexOf(waiter), 1);
    expect(waiter.fate).toBeUndefined();
    waiter.fate = fate;
  }
}
