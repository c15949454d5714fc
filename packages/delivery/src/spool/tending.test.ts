import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestSlot } from './slot.suite.js';
import { SlotSet } from './slot-set.js';
import { Tending, type TendingOptions } from './tending.js';

describe('the tending of slots', () => {
  let directory: string;
  let slots: SlotSet;
  let clock: VirtualClock;
  let done: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tending-'));
    slots = new SlotSet(await openTestSlot(join(directory, 'slot-1'), ['http://a:8086']));
    clock = new VirtualClock();
    done = [];
  });
  afterEach(async () => {
    await slots.own.close();
    await rm(directory, { recursive: true });
  });

  const start = (more: Partial<TendingOptions> = {}): Tending => {
    const tending = new Tending({
      slots,
      clock,
      caps: {
        enforce: () => {
          done.push('caps');
          return { expire: [], isFull: false };
        },
      },
      intake: { look: () => {} },
      adoption: { begin: () => void done.push('adopt'), finish: async () => {} },
      tidy: async ({ name }) => void done.push(`tidy ${name}`),
      ...more,
    });
    tending.start();
    return tending;
  };
  /** Lets so many rounds be due, each when the one before is over. */
  const rounds = async (count: number, tending?: Tending): Promise<void> => {
    for (let round = 0; round < count; round++) {
      await clock.advance(250);
      await tending?.settled();
      await pause(3);
    }
  };
  const count = (what: string) => done.filter((each) => each === what).length;

  it('keeps to the caps in every round, and tidies up and looks for others in few of them', async () => {
    const tending = start();
    await rounds(80, tending);
    expect([count('caps'), count('tidy slot-1'), count('adopt')]).toEqual([80, 2, 2]);
    await tending.stop();
    await rounds(2);
    expect(count('caps')).toBe(80);
  });

  it('goes on after a round that failed', async () => {
    const tending = start({
      intake: {
        look: () => {
          throw new Error('no');
        },
      },
    });
    await rounds(3, tending);
    expect(count('caps')).toBe(3);
    await tending.stop();
  });

  it('stops when the round that is under way is over', async () => {
    let finish = () => {};
    const tending = start({ tidy: () => new Promise((resolve) => (finish = resolve)) });
    await rounds(1);
    let isStopped = false;
    const stopping = tending.stop().then(() => {
      isStopped = true;
    });
    await pause(5);
    expect(isStopped).toBe(false);
    finish();
    await stopping;
    await rounds(2);
    expect(count('caps')).toBe(1);
  });
});
