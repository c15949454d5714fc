import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SLOT_BYTES } from '../book/checkpoint-codec.js';
import { laneFiles } from './layout.js';
import type { Slot } from './slot.js';
import { appendTo, bookOf, openTestSlot } from './slot.suite.js';

const A = 'http://a:8086';

/** Every frame reaches the backend. */
async function deliver(slot: Slot): Promise<void> {
  const { frames } = await slot.log.read(0, { maxBytes: 1024 * 1024 });
  bookOf(slot, A).take(frames);
  for (const frame of frames) bookOf(slot, A).settle(frame, { quarantined: 0, hold: false });
}

describe('a slot', () => {
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'slot-')), 'slot-1');
  });
  afterEach(() => rm(join(path, '..'), { recursive: true }));

  it.each([0, SLOT_BYTES])(
    'calls nothing damaged that was delivered and deleted, when the checkpoint is damaged at %i',
    async (at) => {
      const slot = await openTestSlot(path, [A]);
      for (let frame = 1; frame <= 3; frame++) await appendTo(slot, `m t="${'x'.repeat(4_000)}" ${frame}\n`, 1);
      await slot.save();
      await deliver(slot);
      await slot.sweep({ active: true });
      await slot.close();
      const { checkpoint } = laneFiles(path, A);
      const bytes = await readFile(checkpoint);
      bytes[at + 30]! ^= 1;
      await writeFile(checkpoint, bytes);
      const again = await openTestSlot(path, [A]);
      expect(bookOf(again, A).totals).toMatchObject({ accepted: 3, released: 3, damaged: 0 });
      await again.close();
    },
  );
});
