import type { Clock } from '@breakwater/resilience';
import type { Slot } from './slot.js';
import { attempt } from './trouble.js';

export type Tidy = (slot: Slot) => Promise<void>;

/** What gives up points of a slot that are too old, and orphaned lanes that are owed nothing or that the operator has released. */
export function tidyWith({ clock, maxAgeMs }: { readonly clock: Clock; readonly maxAgeMs: number }): Tidy {
  /** What the wall clock said when the monotonic one began. */
  const bornMs = clock.wall() - clock.now();
  return async (slot) => {
    // A wall clock that was set forward makes nothing old: as much time has passed as the monotonic one says.
    const wallMs = Math.min(clock.wall(), bornMs + clock.now());
    slot.expireBefore(wallMs - maxAgeMs);
    await attempt(`looking after the lanes of ${slot.name}`, () => slot.tendOrphans());
  };
}
