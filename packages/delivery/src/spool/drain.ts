import type { Clock } from '@breakwater/resilience';
import { handOverSlot, lacksLane } from './hand-over.js';
import type { Slot } from './slot.js';
import type { SlotSet } from './slot-set.js';
import type { DrainOptions, HandOver } from './spool.js';
import { trouble } from './trouble.js';

export interface Drained {
  readonly slots: SlotSet;
  /** Takes nothing more; resolves when what was on its way is in the slots. */
  readonly shut: () => Promise<unknown>;
  /** Resolves when nobody else is at work on the slots. */
  readonly atRest: () => Promise<unknown>;
  readonly clock: Clock;
}

/** The pause until it is offered again what a peer had no lane for. */
const ELSEWHERE_MS = 500;

/** Delivers, then hands over what is left. Returns how many points were handed over. */
export async function drain(
  { slots: set, shut, atRest, clock }: Drained,
  { deliverMs, timeoutMs, handOver }: DrainOptions,
): Promise<number> {
  const ending = new AbortController();
  const { signal } = ending;
  using _end = clock.after(timeoutMs, () => ending.abort());
  await before(signal, shut());
  await settled(set.all, deliverMs, signal, clock);
  if (handOver === undefined || !set.isOwed) return 0;
  await before(signal, atRest());
  const slots = set.all;
  const stopped = Promise.all(slots.map((slot) => slot.stop()));
  const handing = new HandingOver(slots, handOver, signal);
  // A backend that does not answer must not take the time from what is not on its way to it.
  await handing.round();
  await before(signal, stopped);
  if (!signal.aborted) {
    for (const slot of slots) slot.rewind();
    await handing.round();
  }
  // A proxy may lead to a peer that has the lane: nothing is kept waiting for it meanwhile.
  while (handing.isForAnother && !signal.aborted) {
    await paused(ELSEWHERE_MS, signal, clock);
    await handing.round();
  }
  handing.end();
  return handing.points;
}

/** Resolves when nothing is left to deliver, after `ms` at the latest. */
async function settled(slots: readonly Slot[], ms: number, ending: AbortSignal, clock: Clock): Promise<void> {
  const giveUp = new AbortController();
  using _timer = clock.after(ms, () => giveUp.abort());
  const signal = AbortSignal.any([giveUp.signal, ending]);
  const lanes = slots.flatMap((slot) => [...slot.lanes].flatMap(({ lane }) => lane ?? []));
  await Promise.all(lanes.map((lane) => lane.settled(signal)));
}

/** Offers in rounds what is still owed; what fails leaves its points where they are. */
class HandingOver {
  points = 0;
  readonly #slots: readonly Slot[];
  readonly #handOver: HandOver;
  readonly #signal: AbortSignal;
  /** What the peers lacked a lane for when it was offered last, by slot. */
  readonly #refusals = new Map<Slot, unknown>();

  constructor(slots: readonly Slot[], handOver: HandOver, signal: AbortSignal) {
    this.#slots = slots;
    this.#handOver = handOver;
    this.#signal = signal;
  }

  /** Whether anything is left that another peer may take. */
  get isForAnother(): boolean {
    return this.#refusals.size > 0;
  }

  async round(): Promise<void> {
    if (this.#signal.aborted) return;
    this.#refusals.clear();
    for (const slot of this.#slots) await this.#offer(slot);
  }

  /** Tells what no peer had a lane for. */
  end(): void {
    for (const [slot, error] of this.#refusals) tell(slot, error);
  }

  async #offer(slot: Slot): Promise<void> {
    const failed = (error: unknown) => {
      if (lacksLane(error)) this.#refusals.set(slot, error);
      else tell(slot, error);
    };
    const taken = (points: number) => {
      this.points += points;
    };
    await handOverSlot(slot, this.#handOver, { signal: this.#signal, taken, failed }).catch(failed);
    await slot.save().catch(failed);
  }
}

const tell = (slot: Slot, error: unknown): void => trouble(`hand-over of ${slot.name}`, error);

/** Resolves after `ms`, or once the signal is aborted. */
async function paused(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  const over = new AbortController();
  using _timer = clock.after(ms, () => over.abort());
  await before(AbortSignal.any([over.signal, signal]), new Promise(() => {}));
}

/** Resolves with the promise, or once the signal is aborted. */
async function before(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([promise, aborted]);
}
