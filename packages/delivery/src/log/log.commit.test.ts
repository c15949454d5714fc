import { seededRandom, settle, VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import type { StoredFile } from '../storage/storage.js';
import { type Log, openLog } from './log.js';
import { frameOf, META, readAll } from './log.suite.js';

const DIRECTORY = '/segments';

/** Lets every fdatasync wait. */
class SlowDisk extends ForgetfulDisk {
  isSlow = false;
  #waiting: Array<() => void> = [];

  async sync(): Promise<void> {
    await settle();
    for (const go of this.#waiting.splice(0)) go();
    await settle();
  }

  override async open(path: string, how: 'create' | 'write' | 'read'): Promise<StoredFile> {
    const file = await super.open(path, how);
    const datasync = async () => {
      if (this.isSlow) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      await file.datasync();
    };
    return { ...file, datasync };
  }
}

describe('Log', () => {
  let disk: SlowDisk;
  let clock: VirtualClock;
  let log: Log;
  let committed: FrameSummary[][];
  const open = async (options: { segmentBytes?: number; minNextSeq?: number } = {}) => {
    committed = [];
    log = await openLog({
      directory: DIRECTORY,
      segmentBytes: 1e6,
      slot: 's',
      storage: disk,
      clock,
      onCommit: (frames) => committed.push([...frames]),
      ...options,
    });
  };
  const count = (operation: string) => disk.operations.filter((each) => each.startsWith(operation)).length;

  beforeEach(async () => {
    disk = new SlowDisk({ random: seededRandom(1) });
    clock = new VirtualClock();
    await open();
  });

  it('resolves an append once it is synced, and neither tells nor reads it before', async () => {
    await log.append([frameOf('one')]);
    disk.isSlow = true;
    let isDone = false;
    const append = log.append([frameOf('two')]).then(() => {
      isDone = true;
      expect(committed.flat().map(({ seq }) => seq)).toEqual([1, 2]);
    });
    await settle();
    expect(disk.operations.at(-1)).toBe(`write ${DIRECTORY}/0000000000000001.log`);
    expect([isDone, committed.length, log.nextSeq, log.totalPoints]).toEqual([false, 1, 2, 1]);
    expect((await readAll(log)).frames).toHaveLength(1);
    await disk.sync();
    await append;
    expect(disk.operations.at(-1)).toBe(`datasync ${DIRECTORY}/0000000000000001.log`);
    expect((await readAll(log)).frames).toHaveLength(2);
  });

  it('syncs a new segment and its name before a frame in it counts', async () => {
    await log.append([frameOf('one')]);
    const path = `${DIRECTORY}/0000000000000001.log`;
    expect(disk.operations.slice(-7)).toEqual([
      `open ${path}.new`,
      `write ${path}.new`,
      `datasync ${path}.new`,
      `rename ${path}.new ${path}`,
      `syncDirectory ${DIRECTORY}`,
      `write ${path}`,
      `datasync ${path}`,
    ]);
  });

  it('brings all that came during a commit to disk with the next', async () => {
    await log.append([frameOf('first')]);
    disk.isSlow = true;
    const appends = [log.append([frameOf('a')])];
    await settle();
    for (const text of ['b', 'c', 'd']) appends.push(log.append([frameOf(text), frameOf(text)]));
    const before = [count('write'), count('datasync')];
    await disk.sync();
    await disk.sync();
    await Promise.all(appends);
    expect([count('write'), count('datasync')]).toEqual([before[0]! + 1, before[1]! + 2]);
    expect(committed.map((frames) => frames.map(({ seq }) => seq))).toEqual([[1], [2], [3, 4, 5, 6, 7, 8]]);
  });

  it('bounds the bytes of a commit, yet never takes an append apart', async () => {
    const large = 'x'.repeat(1_500_000);
    await Promise.all([
      log.append([frameOf('a'), frameOf(large)]),
      log.append([frameOf(large)]),
      log.append([frameOf(large), frameOf(large), frameOf(large), frameOf(large)]),
      log.append([frameOf('b')]),
    ]);
    expect(committed.map((frames) => frames.map(({ seq }) => seq))).toEqual([[1, 2, 3], [4, 5, 6, 7], [8]]);
  });

  it('ends a segment that is large enough before the next commit', async () => {
    await log.close();
    await open({ segmentBytes: 500 });
    for (let n = 0; n < 6; n++) await log.append([frameOf('x'.repeat(100), 10)]);
    expect(log.segments().map(({ id, lastSeq, points, isActive }) => [id, lastSeq, points, isActive])).toEqual([
      [1, 2, 20, false],
      [3, 4, 20, false],
      [5, 6, 20, true],
    ]);
    const files = disk.files();
    for (const { id, bytes } of log.segments()) {
      expect(files.get(`${DIRECTORY}/${String(id).padStart(16, '0')}.log`)).toHaveLength(bytes);
    }
  });

  it('keeps what a frame says about its body', async () => {
    const meta = { ...META, destination: { org: 'o', bucket: 'ü' }, lanes: ['http://a', 'http://b'] };
    await log.append([{ meta, body: Buffer.from('x'), points: 1 }, frameOf('y')]);
    await log.append([{ meta: { ...meta, lanes: ['http://c'] }, body: Buffer.from('z'), points: 1 }]);
    expect((await readAll(log)).frames.map((frame) => frame.meta)).toEqual([
      meta,
      META,
      { ...meta, lanes: ['http://c'] },
    ]);
    expect(committed.flat().map(({ lanes }) => lanes)).toEqual([meta.lanes, undefined, ['http://c']]);
  });

  it('refuses a frame that is too large, and takes one that is not', async () => {
    await expect(log.append([frameOf('x'.repeat(16 * 1024 * 1024))])).rejects.toThrow(RangeError);
    await expect(log.append([frameOf('x', 1.5)])).rejects.toThrow(/1\.5 points/);
    const longName = { ...META, destination: { org: 'o'.repeat(70_000), bucket: '' } };
    await expect(log.append([{ ...frameOf('x'), meta: longName }])).rejects.toThrow(RangeError);
    await log.append([frameOf('x'.repeat(16 * 1024 * 1024 - 1_000))]);
    expect((await readAll(log)).frames).toHaveLength(1);
    await log.append([]);
    expect(log.nextSeq).toBe(2);
  });

  it('says about when a frame was accepted, never too late, and at most a second too early', async () => {
    for (let n = 0; n < 8; n++) {
      await log.append([frameOf('x'.repeat(20_000))]);
      clock.stall(400);
    }
    const start = clock.wall() - 3_200;
    const times = [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => log.acceptedAtMs(seq) - start);
    expect(times).toEqual([0, 0, 0, 1_200, 1_200, 1_200, 2_400, 2_400]);
    expect(log.segments()[0]).toMatchObject({ firstAcceptedAtMs: start, lastAcceptedAtMs: start + 2_800 });
  });

  it('never counts back, whatever the folder holds, when it is told how far it was', async () => {
    await log.append([frameOf('one', 5)]);
    await log.close();
    await open({ minNextSeq: 10 });
    expect([log.nextSeq, log.totalPoints]).toEqual([10, 5]);
    await log.append([frameOf('ten', 5)]);
    await log.close();
    await open({ minNextSeq: 3 });
    expect([log.nextSeq, log.totalPoints, log.gaps]).toEqual([11, 10, []]);
    const { frames, gaps } = await readAll(log);
    expect([frames.map(({ seq }) => seq), gaps]).toEqual([[1, 10], []]);
  });

  it('reads up to the limits, and says where to read on', async () => {
    await log.append(Array.from({ length: 10 }, (_, at) => frameOf(`${at}`.repeat(10))));
    const read = async (from: number, limits: Parameters<Log['read']>[1]) => {
      const { frames, nextSeq } = await log.read(from, limits);
      return [frames.map(({ seq }) => seq), nextSeq];
    };
    expect(await read(3, { maxBytes: 25 })).toEqual([[3, 4], 5]);
    expect(await read(3, { maxBytes: 1 })).toEqual([[3], 4]);
    expect(await read(3, { maxBytes: 1e6, maxFrames: 3 })).toEqual([[3, 4, 5], 6]);
    expect(await read(3, { maxBytes: 1e6, toSeq: 4 })).toEqual([[3, 4], 5]);
    expect(await read(3, { maxBytes: 1e6, wanted: (seq) => seq % 3 === 0 })).toEqual([[3, 6, 9], 11]);
    expect(await read(11, { maxBytes: 1e6 })).toEqual([[], 11]);
    expect(await read(99, { maxBytes: 1e6 })).toEqual([[], 99]);
  });

  it('commits what was appended before it closes, takes nothing afterwards, and closes twice', async () => {
    const appends = ['a', 'b'].map((text) => log.append([frameOf(text)]));
    await Promise.all([log.close(), log.close()]);
    await Promise.all(appends);
    expect(log.closure).toBe('closed');
    await expect(log.append([frameOf('c')])).rejects.toMatchObject({ reason: 'closed' });
    await open();
    expect(log.nextSeq).toBe(3);
  });

  it('deletes the last segment too, and goes on with its numbers', async () => {
    await log.append([frameOf('a', 3)]);
    await log.remove(1);
    await log.remove(1);
    await log.remove(2);
    expect(log.segments().map(({ id, lastSeq }) => [id, lastSeq])).toEqual([[2, 1]]);
    disk.restart();
    await open();
    expect([log.nextSeq, log.totalPoints]).toEqual([2, 3]);
    await log.append([frameOf('b')]);
    expect(committed.flat()).toMatchObject([{ seq: 2, segment: 2 }]);
  });

  it('keeps the last segment when frames have come since it was looked at', async () => {
    await log.append([frameOf('a')]);
    const appending = log.append([frameOf('b')]);
    expect(await log.remove(1, 1)).toBe(false);
    await appending;
    expect((await readAll(log)).frames.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await log.remove(1, 2)).toBe(true);
  });

  it('passes over files that are no segments', async () => {
    disk.edit(`${DIRECTORY}/notes.txt`, () => Buffer.from('x'));
    disk.edit(`${DIRECTORY}/0000000000000007.log.new`, () => Buffer.from('x'));
    await log.close();
    await open();
    expect([...disk.files().keys()]).toEqual([`${DIRECTORY}/notes.txt`]);
    expect(log.nextSeq).toBe(1);
  });
});
