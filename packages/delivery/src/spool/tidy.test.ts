import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laneFiles } from './layout.js';
import type { Slot } from './slot.js';
import { appendTo, bookOf, openTestSlot } from './slot.suite.js';
import { type Tidy, tidyWith } from './tidy.js';

const A = 'http://a:8086';
const B = 'http://b:8086';

/** A clock whose wall time can be set. */
class SetClock extends VirtualClock {
  aheadMs = 0;
  override wall(): number {
    return super.wall() + this.aheadMs;
  }
}

describe('tidying up', () => {
  let path: string;
  let clock: SetClock;
  let slot: Slot;
  let tidy: Tidy;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'tidy-')), 'slot-1');
    clock = new SetClock();
    tidy = tidyWith({ clock, maxAgeMs: 60_000 });
    slot = await openTestSlot(path, [A, B], clock);
    await appendTo(slot, 'm v=1 1\n', 1);
  });
  afterEach(async () => {
    await slot.close();
    await rm(join(path, '..'), { recursive: true });
  });

  it('gives up what is too old, but nothing because the wall clock was set forward', async () => {
    clock.aheadMs = 365 * 86_400_000;
    await tidy(slot);
    expect(bookOf(slot, A).pending).toBe(1);
    clock.stall(60_001);
    await tidy(slot);
    expect(bookOf(slot, A).totals.expired).toBe(1);
  });

  it('gives up a lane that the operator has released only where it is an orphan', async () => {
    await slot.close();
    slot = await openTestSlot(path, [A], clock);
    for (const lane of [A, B]) await writeFile(laneFiles(path, lane).release, '');
    await tidy(slot);
    expect([...slot.lanes].map(({ id }) => id)).toEqual([A]);
    expect(bookOf(slot, A).pending).toBe(1);
  });
});
