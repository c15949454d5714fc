import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frames/frame.js';
import { disk, type Storage, type StoredFile } from '../storage/storage.js';
import { openLog } from './log.js';
import { frameOf } from './log.suite.js';

const KIB = 1024;

/** The disk, and how much was read of it. Nothing is synced: nothing here is about what survives. */
function metered(): { storage: Storage; bytes: () => number } {
  let bytes = 0;
  const open: Storage['open'] = async (path, how) => {
    const file = await disk.open(path, how);
    const read: StoredFile['read'] = (into, position) => {
      bytes += into.length;
      return file.read(into, position);
    };
    return new Proxy(file, {
      get(target, name: keyof StoredFile) {
        if (name === 'datasync') return async () => {};
        return name === 'read' ? read : target[name]?.bind(target);
      },
    });
  };
  return { storage: { ...disk, open }, bytes: () => bytes };
}

const memoryOf = (frames: readonly Frame[]): number =>
  [...new Set(frames.map(({ body }) => body.buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('LogReader', () => {
  const { storage, bytes } = metered();
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'log-')), 'segments');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  /** A small frame behind every large one. */
  const open = async (pairs: number, largeBytes: number) => {
    const options = { segmentBytes: 64 * KIB * KIB, slot: 's', storage, onFrame: () => {}, onCommit: () => {} };
    const log = await openLog({ directory, ...options });
    const large = frameOf(`${'x'.repeat(largeBytes - 1)}\n`);
    const frames = Array.from({ length: pairs }, (_, pair) => [large, frameOf(`s ${pair}\n`)]);
    await Promise.all(frames.map((pair) => log.append(pair)));
    return log;
  };

  it('keeps no chunk for a small frame of it, however many chunks it reads', async () => {
    const log = await open(20, 400 * KIB);
    const { frames } = await log.read(1, { maxBytes: KIB * KIB, wanted: (seq) => seq % 2 === 0 });
    expect(frames.map(({ body }) => body.toString())).toEqual(Array.from({ length: 20 }, (_, pair) => `s ${pair}\n`));
    expect(memoryOf(frames)).toBe(frames.reduce((sum, { body }) => sum + body.length, 0));
    await log.close();
  });

  it('lays the bodies of a chunk one behind the other, in as much memory as they take', async () => {
    const log = await open(1_000, KIB);
    const { frames } = await log.read(1, { maxBytes: 4 * KIB * KIB });
    expect(frames).toHaveLength(2_000);
    expect(new Set(frames.map(({ body }) => body.buffer)).size).toBeLessThan(5);
    expect(memoryOf(frames)).toBe(frames.reduce((sum, { body }) => sum + body.length, 0));
    await log.close();
  });

  it('leaves what was read as it is while it reads on, also twice at once', async () => {
    const log = await open(300, 10 * KIB);
    const texts = (frames: readonly Frame[]) => frames.map(({ body }) => body.toString());
    const expected = Array.from({ length: 300 }, (_, pair) => [`${'x'.repeat(10 * KIB - 1)}\n`, `s ${pair}\n`]).flat();
    const maxBytes = 300 * KIB;
    const reads = await Promise.all([1, 101, 301, 501].map((seq) => log.read(seq, { maxBytes })));
    const later = await log.read(1, { maxBytes: 8 * KIB * KIB });
    for (const [at, seq] of [1, 101, 301, 501].entries()) {
      const { frames } = reads[at]!;
      expect(frames.length).toBeGreaterThan(50);
      expect(texts(frames)).toEqual(expected.slice(seq - 1, seq - 1 + frames.length));
    }
    expect(texts(later.frames)).toEqual(expected);
    await log.close();
  });

  it('reads no more of the file than about what was asked for', async () => {
    const log = await open(2_000, KIB);
    for (const seq of [1, 500, 1_999, 3_999, 4_000]) {
      const before = bytes();
      const { frames, nextSeq } = await log.read(seq, { toSeq: seq, maxBytes: KIB * KIB });
      expect([frames.map((frame) => frame.seq), nextSeq]).toEqual([[seq], seq + 1]);
      expect(bytes() - before).toBeLessThan(70 * KIB);
    }
    await log.close();
  });
});
