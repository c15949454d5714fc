import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SLOT_BYTES } from '../book/checkpoint-codec.js';
import { openQuarantine } from '../quarantine/quarantine-file.js';
import { laneFiles, lanesIn } from './layout.js';
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

  /** Which files are left of a lane to A that was owed nothing, in a slot of a process that knows no A. */
  async function leftOfLane(change: (quarantine: string) => Promise<void>): Promise<string[]> {
    await (await openTestSlot(path, [A])).close();
    await change(laneFiles(path, A).quarantine);
    const slot = await openTestSlot(path, []);
    await slot.tendOrphans();
    expect([...slot.lanes]).toEqual([]);
    await slot.close();
    return (await readdir(lanesIn(path))).map((name) => name.replace(/^[0-9a-f]{16}/, ''));
  }

  it('leaves nothing of a lane that it forgets, where no line was refused', async () => {
    expect(await leftOfLane(async () => {})).toEqual([]);
  });

  it('keeps the lines of a lane that it forgets that a backend has refused', async () => {
    const refuse = async (file: string) => {
      const quarantine = await openQuarantine({ path: file, lane: A });
      const destination = { org: '', bucket: 'telemetry' };
      const times = { acceptedAtMs: 1, quarantinedAtMs: 2 };
      await quarantine.add([{ seq: 1, line: 0, text: 'm v="x" 1', words: 'a string', destination, ...times }]);
      await quarantine.close();
    };
    expect(await leftOfLane(refuse)).toEqual(['.quarantine']);
  });

  it('keeps a quarantine file of a lane that it forgets that it cannot read', async () => {
    expect(await leftOfLane((file) => writeFile(file, 'soup\n'))).toEqual(['.quarantine']);
  });
});
