import type { Clock } from '@breakwater/resilience';
import { handOverSlot } from './hand-over.js';
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
  let points = 0;
  // A backend that does not answer must not take the time from what is not on its way to it.
  for (const slot of slots) points += await handOverFrom(slot, handOver, signal);
  await before(signal, stopped);
  if (signal.aborted) return points;
  for (const slot of slots) slot.rewind();
  for (const slot of slots) points += await handOverFrom(slot, handOver, signal);
  return points;
}

/** Resolves when nothing is left to deliver, after `ms` at the latest. */
async function settled(slots: readonly Slot[], ms: number, ending: AbortSignal, clock: Clock): Promise<void> {
  const giveUp = new AbortController();
  using _timer = clock.after(ms, () => giveUp.abort());
  const signal = AbortSignal.any([giveUp.signal, ending]);
  const lanes = slots.flatMap((slot) => [...slot.lanes].flatMap(({ lane }) => lane ?? []));
  await Promise.all(lanes.map((lane) => lane.settled(signal)));
}

/** Returns how many points were taken; what fails leaves its points where they are. */
async function handOverFrom(slot: Slot, handOver: HandOver, signal: AbortSignal): Promise<number> {
  let points = 0;
  const failed = (error: unknown) => trouble(`hand-over of ${slot.name}`, error);
  const taken = (more: number) => {
    points += more;
  };
  await handOverSlot(slot, handOver, { signal, taken, failed }).catch(failed);
  await slot.save().catch(failed);
  return points;
}

/** Resolves with the promise, or once the signal is aborted. */
async function before(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([promise, aborted]);
}
