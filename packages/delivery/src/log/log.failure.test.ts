import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import { type Log, openLog } from './log.js';
import { frameOf, readAll } from './log.suite.js';
import { LogError } from './log-error.js';

const DIRECTORY = '/segments';
const FIRST = `${DIRECTORY}/0000000000000001.log`;

describe('Log on a disk that fails', () => {
  let disk: ForgetfulDisk;
  let clock: VirtualClock;
  let log: Log;
  const open = async () => {
    log = await openLog({ directory: DIRECTORY, segmentBytes: 1e6, slot: 's', storage: disk, clock });
  };
  const append = (text: string) => log.append([frameOf(text, 2)]);
  const texts = async () => (await readAll(log)).frames.map(({ seq, body }) => `${seq} ${body}`);
  const refused = (reason: string) => ({ code: 'ERR_DELIVERY_APPEND', reason });
  const bytesUsed = () => [...disk.files().values()].reduce((sum, { length }) => sum + length, 0);

  beforeEach(async () => {
    disk = new ForgetfulDisk({ random: seededRandom(3) });
    clock = new VirtualClock();
    await open();
    await append('one');
  });

  it('refuses while the disk is full, tries again once a second, and goes on in the same file', async () => {
    disk.capacity = bytesUsed() + 100;
    await expect(append('x'.repeat(200))).rejects.toMatchObject(refused('disk-full'));
    expect(log.closure).toBe('disk-full');
    expect(disk.files().get(FIRST)).toHaveLength(log.segments()[0]!.bytes);
    const operations = disk.operations.length;
    clock.stall(999);
    await expect(append('y')).rejects.toMatchObject(refused('disk-full'));
    expect(disk.operations).toHaveLength(operations);
    clock.stall(1);
    await expect(append('x'.repeat(200))).rejects.toMatchObject(refused('disk-full'));
    disk.capacity = Number.POSITIVE_INFINITY;
    clock.stall(1_000);
    await append('two');
    expect([log.closure, log.nextSeq, log.totalPoints]).toEqual([undefined, 3, 4]);
    expect(log.segments()).toHaveLength(1);
    disk.restart();
    await open();
    expect(await texts()).toEqual(['1 one', '2 two']);
  });

  it('removes its only segment to make room on a full disk, and numbers go on', async () => {
    disk.capacity = bytesUsed();
    await expect(append('x')).rejects.toMatchObject(refused('disk-full'));
    await log.remove(1);
    expect(log.segments()).toEqual([]);
    clock.stall(1_000);
    disk.capacity += 200;
    await append('two');
    expect([log.closure, log.nextSeq, log.totalPoints]).toEqual([undefined, 3, 4]);
    expect(await texts()).toEqual(['2 two']);
  });

  it('refuses what waits behind a commit that fails', async () => {
    disk.failing = { write: 'EIO' };
    const first = append('a');
    await Promise.resolve();
    const results = await Promise.allSettled([first, append('b'), append('c')]);
    expect(results).toMatchObject(Array.from({ length: 3 }, () => ({ reason: refused('disk-failed') })));
    expect(log.nextSeq).toBe(2);
  });

  it('does not trust a file whose fdatasync failed: what was refused is cut off, and a new segment begun', async () => {
    disk.failing = { datasync: 'EIO' };
    await expect(append('lost')).rejects.toMatchObject(refused('disk-failed'));
    disk.failing = {};
    clock.stall(1_000);
    await append('two');
    expect(log.segments().map(({ id, lastSeq, isActive }) => [id, lastSeq, isActive])).toEqual([
      [1, 1, false],
      [2, 2, true],
    ]);
    expect(`${disk.files().get(FIRST)}`).not.toContain('lost');
    disk.restart();
    await open();
    expect(await texts()).toEqual(['1 one', '2 two']);
    expect(log.gaps).toEqual([]);
  });

  /** Refuses an append whose bytes stay on the disk all the same. */
  async function leaveRefused(): Promise<void> {
    disk.failing = { truncate: 'EIO', datasync: 'EIO' };
    await expect(append('refused')).rejects.toMatchObject(refused('disk-failed'));
    disk.failing = { truncate: 'EIO' };
    clock.stall(1_000);
    await append('two');
    disk.edit(FIRST, (bytes) => bytes);
    expect(`${disk.files().get(FIRST)}`).toContain('refused');
  }

  it('does not replay what was refused and could not be cut off, once something else was accepted', async () => {
    await leaveRefused();
    disk.failing = {};
    disk.restart();
    await open();
    expect(await texts()).toEqual(['1 one', '2 two']);
    expect(`${disk.files().get(FIRST)}`).not.toContain('refused');
  });

  it('cuts off what was refused before the segment goes that replaces it', async () => {
    await leaveRefused();
    await expect(log.remove(2)).rejects.toThrow('EIO');
    expect(log.segments().map(({ id }) => id)).toContain(2);
    disk.failing = {};
    await log.remove(2);
    disk.restart();
    await open();
    expect(await texts()).toEqual(['1 one']);
    expect([log.nextSeq, log.totalPoints]).toEqual([3, 4]);
  });

  it('keeps a segment whose file cannot be deleted', async () => {
    disk.failing = { remove: 'EIO' };
    await append('two');
    await expect(log.remove(1)).rejects.toThrow('EIO');
    disk.failing = {};
    expect(await texts()).toEqual(['1 one', '2 two']);
    await log.remove(1);
    expect(await texts()).toEqual([]);
    expect(log.nextSeq).toBe(3);
  });

  it('refuses when no new segment can be begun, and keeps the numbers of an empty one through a crash', async () => {
    await log.remove(1);
    disk.failing = { datasync: 'ENOSPC', truncate: 'EIO' };
    await expect(append('lost')).rejects.toMatchObject(refused('disk-full'));
    clock.stall(1_000);
    await expect(append('lost')).rejects.toMatchObject(refused('disk-full'));
    disk.failing = {};
    disk.restart();
    await open();
    expect(log.nextSeq).toBeGreaterThanOrEqual(2);
    expect(log.totalPoints).toBeGreaterThanOrEqual(2);
  });

  it('appends nothing to a segment whose successor has its name already, though that may not be durable', async () => {
    disk.failing = { syncDirectory: 'EIO' };
    await expect(log.remove(1)).rejects.toThrow('EIO');
    disk.failing = {};
    await append('two');
    disk.restart();
    await open();
    expect(await texts()).toEqual(['1 one', '2 two']);
    expect([log.nextSeq, log.totalPoints, log.gaps]).toEqual([3, 4, []]);
  });

  it('counts commits and failures', async () => {
    disk.failing = { write: 'ENOSPC' };
    await expect(append('x')).rejects.toThrow(/nothing was appended to \/segments: the disk is full/);
    const seen = new Map<string, unknown>();
    log.measure(({ name }, labels, value) => seen.set([name, ...Object.values(labels)].join(' '), value));
    expect(seen).toEqual(
      new Map<string, unknown>([
        ['delivery_log_bytes s', bytesUsed()],
        ['delivery_log_segments s', 1],
        ['delivery_log_commits_total s', 1],
        ['delivery_log_commit_duration_seconds s', expect.objectContaining({ sum: 0 })],
        ['delivery_log_commit_failures_total s disk-full', 1],
        ['delivery_log_commit_failures_total s disk-failed', 0],
      ]),
    );
  });

  it('is not opened while a segment cannot be read, and says which one, where, and what to do', async () => {
    for (const text of ['two', 'three']) await append(text);
    const whole = disk.files().get(FIRST)!;
    const at = whole.indexOf('two');
    const opened = disk.open.bind(disk);
    const failing = vi.spyOn(disk, 'open').mockImplementation(async (path, how) => {
      const file = await opened(path, how);
      const isHit = (length: number, position: number) => position <= at && at < position + length;
      const eio = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      return {
        ...file,
        read: async (into, position) => {
          if (isHit(into.length, position)) throw eio;
          return file.read(into, position);
        },
      };
    });
    disk.restart();
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LogError);
    expect(`${refusal}`).toContain(`${FIRST} cannot be read between bytes 44 and ${whole.length} (EIO)`);
    expect(disk.files().get(FIRST)).toEqual(whole);
    failing.mockRestore();
    await open();
    expect(await texts()).toEqual(['1 one', '2 two', '3 three']);
    // As the message says.
    disk.restart();
    disk.edit(FIRST, (bytes) => bytes.fill(0, at, at + 3));
    await open();
    expect(await texts()).toEqual(['1 one', '3 three']);
    expect(log.gaps).toMatchObject([{ fromSeq: 2, toSeq: 2, points: 2 }]);
  });
});
