import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CapKeeper } from './cap-keeper.js';
import type { WhenFull } from './caps.js';
import { appendTo, bookOf, openTestSlot } from './slot.suite.js';
import { SlotSet } from './slot-set.js';

const A = 'http://a:8086';
const B = 'http://b:8086';

describe('the keeper of the caps', () => {
  let directory: string;
  let slots: SlotSet;

  /** Two slots with five segments of about 4 KiB each, owed to both lanes. */
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'caps-'));
    slots = new SlotSet(await openTestSlot(join(directory, 'slot-2'), [A, B]));
    slots.adopt(await openTestSlot(join(directory, 'slot-1'), [A, B]));
    for (const slot of slots.all) {
      for (let frame = 1; frame <= 5; frame++) await appendTo(slot, `m t="${'x'.repeat(4_000)}" ${frame}\n`, 1);
    }
  });
  afterEach(async () => {
    for (const slot of slots.all) await slot.close();
    await rm(directory, { recursive: true });
  });
  const keeper = (maxBytes: number, whenFull: WhenFull) => new CapKeeper(slots, { maxBytes, whenFull });
  const expired = (lane: string) => slots.all.map((slot) => bookOf(slot, lane).totals.expired);

  it('adds up what a lane needs over all slots, and gives up the oldest of it', () => {
    expect(keeper(28_000, 'drop-oldest').full(0)).toBeUndefined();
    expect([expired(A), expired(B)]).toEqual([
      [4, 0],
      [4, 0],
    ]);
  });

  it('says that the log is full, and what makes it go on, when every lane is over its cap', () => {
    expect(keeper(28_000, 'block').full(0)).toMatchObject({
      reason: 'log-full',
      message: expect.stringContaining('28000'),
    });
    expect(expired(A)).toEqual([0, 0]);
  });

  it('counts in what is on its way', () => {
    expect(keeper(50_000, 'block').full(1_000)).toBeUndefined();
    expect(keeper(50_000, 'block').full(30_000)).toMatchObject({ reason: 'log-full' });
  });
});
