import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { seededRandom } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CrashError, ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import type { LaneCheckpoint } from './checkpoint.js';
import { encodeSlot, SLOT_BYTES } from './checkpoint-codec.js';
import { CheckpointFile, readCheckpoint } from './checkpoint-file.js';

const PATH = '/lane.checkpoint';

const upTo = (throughSeq: number, more: Partial<LaneCheckpoint> = {}): LaneCheckpoint => ({
  lane: 'http://a:8086',
  startSeq: 1,
  throughSeq,
  done: [[1, throughSeq]],
  totals: { accepted: throughSeq, released: throughSeq, quarantined: 0, expired: 0, handedOver: 0, damaged: 0 },
  expiredBy: { size: 0, age: 0, operator: 0 },
  ...more,
});

async function writtenTo(disk: ForgetfulDisk, ...throughs: number[]): Promise<void> {
  const file = await CheckpointFile.create(PATH, upTo(1), disk);
  for (const through of throughs) await file.write(upTo(through));
  await file.close();
}

const newDisk = (seed = 1) => new ForgetfulDisk({ random: seededRandom(seed) });

describe('the checkpoint file', () => {
  it('gives the newest checkpoint back, on the machine’s disk too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    try {
      const path = join(folder, 'lane.checkpoint');
      expect(await CheckpointFile.open(path)).toBeUndefined();
      const file = await CheckpointFile.create(path, upTo(1));
      await Promise.all([file.write(upTo(2)), file.write(upTo(3))]);
      await file.close();
      expect(await readCheckpoint(path)).toEqual(upTo(3));
      const again = await CheckpointFile.open(path);
      expect(again?.latest).toEqual(upTo(3));
      await again?.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('reads back the last checkpoint that was written, or a newer one, after a crash before any step', {
    timeout: 180_000,
  }, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      for (let steps = 0; steps < 16; steps++) {
        const disk = newDisk(seed);
        disk.crashBefore(steps);
        let resolved = 0;
        const run = async () => {
          const file = await CheckpointFile.create(PATH, upTo(1), disk);
          for (resolved = 1; resolved < 5; resolved++) await file.write(upTo(resolved + 1));
        };
        await run().catch((error: unknown) => expect(error).toBeInstanceOf(CrashError));
        disk.restart();
        const through = (await readCheckpoint(PATH, disk))?.throughSeq ?? 0;
        expect(through).toBeGreaterThanOrEqual(resolved);
        expect(through).toBeLessThanOrEqual(resolved + 1);
        const again = (await CheckpointFile.open(PATH, disk)) ?? (await CheckpointFile.create(PATH, upTo(1), disk));
        await again.write(upTo(9));
        disk.restart();
        expect((await readCheckpoint(PATH, disk))?.throughSeq).toBe(9);
      }
    }
  });

  it('holds what it read, when a killed process left it, and the machine crashes in the next write', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      for (let steps = 4; steps < 12; steps++) {
        for (let more = 0; more < 5; more++) {
          const disk = newDisk(seed);
          disk.crashBefore(steps);
          await writtenTo(disk, 2, 3).catch(() => {});
          disk.kill();
          disk.crashBefore(more);
          let found = 0;
          const run = async () => {
            const file = await CheckpointFile.open(PATH, disk);
            found = file?.latest.throughSeq ?? 0;
            await file?.write(upTo(9));
          };
          await run().catch((error: unknown) => expect(error).toBeInstanceOf(CrashError));
          disk.restart();
          expect((await readCheckpoint(PATH, disk))?.throughSeq ?? 0).toBeGreaterThanOrEqual(found);
        }
      }
    }
  });

  it('keeps the last good checkpoint through writes and syncs that fail', async () => {
    for (const operation of ['write', 'datasync'] as const) {
      for (let seed = 1; seed <= 20; seed++) {
        const disk = newDisk(seed);
        const file = await CheckpointFile.create(PATH, upTo(1), disk);
        await file.write(upTo(2));
        disk.failing = { [operation]: 'EIO' };
        for (const through of [3, 4, 5]) await expect(file.write(upTo(through))).rejects.toThrow('EIO');
        expect(file.latest).toEqual(upTo(2));
        disk.failing = {};
        if (seed % 2 === 0) await file.write(upTo(6));
        disk.restart();
        const through = (await readCheckpoint(PATH, disk))!.throughSeq;
        if (seed % 2 === 0) expect(through).toBe(6);
        else expect([2, 3, 4, 5]).toContain(through);
      }
    }
  });

  it('needs no room once it exists', async () => {
    const disk = newDisk();
    const file = await CheckpointFile.create(PATH, upTo(1), disk);
    disk.capacity = 0;
    const done = Array.from({ length: 10_000 }, (_, at): [number, number] => [at * 10 + 1, at * 10 + 5]);
    for (const through of [100_000, 200_000]) await file.write(upTo(through, { done }));
    expect(disk.files().get(PATH)).toHaveLength(2 * SLOT_BYTES);
  });

  it('falls back to the other slot, whichever bit of one is flipped', async () => {
    const bytes = encodeSlot({ generation: 3, checkpoint: upTo(3) }).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes - 1), fc.nat(7), async (position, bit) => {
        const disk = newDisk();
        await writtenTo(disk, 2, 3);
        // Generations 1 and 3 lie in the first slot.
        disk.flip(PATH, position, bit);
        expect((await readCheckpoint(PATH, disk))?.throughSeq).toBe(2);
      }),
    );
  });

  it('loses nothing to damage of either slot once both hold the newest', async () => {
    const bytes = encodeSlot({ generation: 4, checkpoint: upTo(3) }).length;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, SLOT_BYTES), fc.nat(bytes - 1), fc.nat(7), async (at, position, bit) => {
        const disk = newDisk();
        const file = await CheckpointFile.create(PATH, upTo(1), disk);
        await file.write(upTo(3));
        await file.repeat();
        const writes = disk.operations.length;
        await file.repeat();
        expect(disk.operations).toHaveLength(writes);
        disk.restart();
        disk.flip(PATH, at + position, bit);
        expect(await readCheckpoint(PATH, disk)).toEqual(upTo(3));
      }),
    );
  });

  it('names the file when both slots are damaged, or it was emptied', async () => {
    const disk = newDisk();
    await writtenTo(disk, 2, 3);
    disk.flip(PATH, 30);
    disk.flip(PATH, SLOT_BYTES + 30);
    await expect(CheckpointFile.open(PATH, disk)).rejects.toThrow(`checkpoint in ${PATH} are damaged`);
    disk.edit(PATH, () => Buffer.alloc(0));
    await expect(readCheckpoint(PATH, disk)).rejects.toThrow(`checkpoint in ${PATH} are damaged`);
  });

  it.each<[string, (bytes: Buffer) => void, string]>([
    ['format', (bytes) => bytes.writeUInt32LE(2, 4), 'is of format 2'],
    ['apiVersion', (bytes) => void bytes.write('v2', bytes.indexOf('v1')), 'of breakwater/v2'],
    ['key', (bytes) => void bytes.write('Lane', bytes.indexOf('lane":')), 'keys or values'],
  ])('refuses a sound slot of another %s, though the other slot is of its own', async (_, change, message) => {
    const disk = newDisk();
    await writtenTo(disk, 2, 3);
    disk.edit(PATH, (bytes) => {
      change(bytes);
      const text = bytes.subarray(24, 24 + bytes.readUInt32LE(16));
      bytes.writeUInt32LE(crc32(text, crc32(bytes.subarray(0, 20))), 20);
      return bytes;
    });
    await expect(CheckpointFile.open(PATH, disk)).rejects.toThrow(message);
    await expect(CheckpointFile.open(PATH, disk)).rejects.toThrow(PATH);
  });

  it('leaves out the shortest ranges where there are more than fit', async () => {
    const disk = newDisk();
    const file = await CheckpointFile.create(PATH, upTo(1), disk);
    const done = Array.from({ length: 9_000 }, (_, at): [number, number] => [at * 10 + 1, at * 10 + 1 + (at % 3)]);
    await file.write(upTo(90_000, { done }));
    const kept = (await readCheckpoint(PATH, disk))!.done;
    expect(kept.length).toBeGreaterThan(3_000);
    expect(kept.filter(([from, to]) => to - from === 2)).toHaveLength(3_000);
    expect(kept.every(([from, to]) => to > from)).toBe(true);
    await expect(file.write(upTo(1, { lane: 'x'.repeat(SLOT_BYTES) }))).rejects.toThrow('does not fit');
  });
});
