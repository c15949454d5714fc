import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryInUseError } from '@breakwater/delivery';
import { ConfigError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextOf, describeSink, errorOf, linesBy, metricsOf, someLines } from '../sink.suite.js';
import { FaultyDisk } from './faulty-disk.suite.js';
import { type FileSink, type FileSinkOptions, openFileSink } from './file-sink.js';

const linesIn = (text: string): string[] => text.split('\n').filter((line) => line !== '');

async function readAll(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.lp')).sort();
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))).join('');
}

describeSink('the file sink', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sink-'));
  const storage = new FaultyDisk();
  const sink = await openFileSink({ directory, storage });
  return {
    sink,
    stored: async () => linesIn(await readAll(directory)),
    damage: () => {
      storage.failing = { write: 'EIO' };
    },
    mend: () => {
      storage.failing = {};
    },
    dispose: async () => {
      await sink.close();
      await rm(directory, { recursive: true });
    },
  };
});

describe('the file sink', () => {
  let directory: string;
  let clock: VirtualClock;
  let storage: FaultyDisk;
  let notices: string[];
  let opened: FileSink[];

  const open = async (options: Partial<FileSinkOptions> = {}): Promise<FileSink> => {
    const onNotice = (notice: string) => notices.push(notice);
    const sink = await openFileSink({ directory, clock, storage, onNotice, ...options });
    opened.push(sink);
    return sink;
  };
  const files = async () => (await readdir(directory)).filter((name) => name.startsWith('points-')).sort();

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'sink-')), 'points');
    clock = new VirtualClock({ wallMs: Date.UTC(2026, 10, 22, 4, 5, 6) });
    storage = new FaultyDisk();
    notices = [];
    opened = [];
  });
  afterEach(async () => {
    storage.failing = {};
    storage.release();
    await Promise.all(opened.map((sink) => sink.close()));
    await rm(join(directory, '..'), { recursive: true });
  });

  it('makes its directory, and files that only their owner may read', async () => {
    const sink = await open();
    await sink.write(someLines(1), contextOf());
    expect(await files()).toEqual(['points-20261122T040506Z-000001.lp']);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'points-20261122T040506Z-000001.lp'))).mode & 0o777).toBe(0o600);
  });

  it('keeps a second process out of its directory', async () => {
    const sink = await open();
    await expect(open()).rejects.toThrow(DirectoryInUseError);
    await sink.close();
    await open();
  });

  it('shares one fdatasync among the writes that came while the disk was busy', async () => {
    const sink = await open();
    storage.hold();
    const first = sink.write(someLines(1), contextOf());
    await storage.reached('datasync');
    const others = Array.from({ length: 30 }, (_, index) => sink.write(someLines(2, index * 2 + 1), contextOf()));
    storage.release();
    await Promise.all([first, ...others]);
    expect(storage.calls.filter((call) => call === 'datasync')).toHaveLength(2);
    expect(linesIn(await readAll(directory))).toHaveLength(61);
  });

  it('takes the writes of one turn of the event loop together', async () => {
    const sink = await open();
    await Promise.all(Array.from({ length: 10 }, (_, index) => sink.write(someLines(1, index), contextOf())));
    expect(storage.calls.filter((call) => call === 'datasync')).toHaveLength(1);
  });

  it('answers only after the fdatasync', async () => {
    const sink = await open();
    storage.hold();
    let answered = false;
    const write = sink.write(someLines(1), contextOf()).then(() => {
      answered = true;
    });
    await storage.reached('datasync');
    await settle();
    expect(answered).toBe(false);
    storage.release();
    await write;
  });

  it('closes only when the disk has everything', async () => {
    const sink = await open();
    storage.hold();
    const write = sink.write(someLines(1), contextOf());
    await storage.reached('datasync');
    let closed = false;
    const closing = sink.close().then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    storage.release();
    await Promise.all([write, closing]);
  });

  it('goes on where it left off, in the same file', async () => {
    await (await open()).write(someLines(2), contextOf());
    await opened[0]!.close();
    await (await open()).write(someLines(2, 2), contextOf());
    expect(await files()).toHaveLength(1);
    expect(linesIn(await readAll(directory))).toEqual(someLines(4));
  });

  it('moves half a line that a crash has left aside before it goes on', async () => {
    await (await open()).write(someLines(2), contextOf());
    await opened[0]!.close();
    const [name] = await files();
    await appendFile(join(directory, name!), 'cpu,core=1 used=0.');
    const sink = await open();
    await sink.write(someLines(1, 2), contextOf());
    expect(linesIn(await readAll(directory))).toEqual(someLines(3));
    expect(await readFile(join(directory, `${name}.torn`), 'utf8')).toBe('cpu,core=1 used=0.\n');
    expect(metricsOf(sink).get('telemetry_file_sink_torn_bytes_total')).toBe(18);
    expect(notices).toEqual([`${name} ended in half a line: 18 bytes were moved into ${name}.torn`]);
  });

  it('begins a new file when one is full, and when one is old', async () => {
    const [size] = [Buffer.byteLength(someLines(1)[0]!) + 1];
    const sink = await open({ maxFileBytes: size * 2, maxTotalBytes: size * 100, maxFileAgeMs: 60_000 });
    for (let turn = 0; turn < 5; turn++) await sink.write(someLines(1, turn), contextOf());
    expect(await files()).toHaveLength(3);
    clock.stall(60_000);
    await sink.write(someLines(1, 5), contextOf());
    expect(await files()).toEqual([
      'points-20261122T040506Z-000001.lp',
      'points-20261122T040506Z-000002.lp',
      'points-20261122T040506Z-000003.lp',
      'points-20261122T040606Z-000004.lp',
    ]);
    expect(linesIn(await readAll(directory))).toEqual(someLines(6));
  });

  it('deletes the oldest files to stay under its cap, and counts them', async () => {
    const size = Buffer.byteLength(`${someLines(1).join('\n')}\n`);
    const sink = await open({ maxFileBytes: size, maxTotalBytes: size * 3 });
    for (let turn = 0; turn < 8; turn++) {
      await sink.write(someLines(1, turn), contextOf());
      expect(Buffer.byteLength(await readAll(directory))).toBeLessThanOrEqual(size * 3);
    }
    expect(linesIn(await readAll(directory))).toEqual(someLines(3, 5));
    const metrics = metricsOf(sink);
    expect(metrics.get('telemetry_file_sink_expired_files_total')).toBe(5);
    expect(metrics.get('telemetry_file_sink_expired_bytes_total')).toBe(size * 5);
    expect(metrics.get('telemetry_file_sink_bytes')).toBe(size * 3);
    expect(metrics.get('telemetry_file_sink_files')).toBe(3);
    expect(notices[0]).toMatch(/000001\.lp was deleted to stay under \d+ bytes: \d+ bytes of points/);
  });

  it('minds what earlier processes left when it counts its files', async () => {
    const size = Buffer.byteLength(`${someLines(1).join('\n')}\n`);
    const sink = await open({ maxFileBytes: size, maxTotalBytes: size * 4 });
    for (let turn = 0; turn < 4; turn++) await sink.write(someLines(1, turn), contextOf());
    await sink.close();
    const next = await open({ maxFileBytes: size, maxTotalBytes: size * 2 });
    expect(linesIn(await readAll(directory))).toEqual(someLines(2, 2));
    await next.write(someLines(1, 4), contextOf());
    expect(linesIn(await readAll(directory))).toEqual(someLines(2, 3));
  });

  it.each([
    ['ENOSPC', 'disk-full', 'the disk is full'],
    ['EDQUOT', 'disk-full', 'the disk is full'],
    ['EIO', 'disk', 'the disk failed'],
  ])('names %s, keeps no half of what it refused, and recovers', async (code, reason, words) => {
    const sink = await open();
    await sink.write(someLines(1), contextOf());
    storage.failing = { write: code, writtenBefore: 30 };
    const error = await errorOf(sink.write(someLines(2, 1), contextOf()));
    expect(error).toMatchObject({ reason, sink: 'file', lines: 2 });
    expect(error.message).toContain(`file: 2 lines lost: ${words}: ${code}`);
    storage.failing = {};
    await sink.write(someLines(1, 3), contextOf());
    expect(linesIn(await readAll(directory))).toEqual([...someLines(1), ...someLines(1, 3)]);
    expect(await files()).toHaveLength(1);
  });

  it('does not trust a file whose fdatasync failed: it begins another', async () => {
    const sink = await open();
    await sink.write(someLines(1), contextOf());
    storage.failing = { datasync: 'EIO' };
    expect((await errorOf(sink.write(someLines(2, 1), contextOf()))).reason).toBe('disk');
    storage.failing = {};
    await sink.write(someLines(1, 3), contextOf());
    expect(await files()).toHaveLength(2);
    expect(linesIn(await readAll(directory))).toEqual([...someLines(1), ...someLines(1, 3)]);
  });

  it('leaves no heap of files behind while a disk keeps failing', async () => {
    const sink = await open();
    storage.failing = { datasync: 'EIO' };
    for (let turn = 0; turn < 4; turn++) await errorOf(sink.write(someLines(1), contextOf()));
    expect(await files()).toEqual([]);
    storage.failing = { syncDirectory: 'EIO' };
    for (let turn = 0; turn < 4; turn++) await errorOf(sink.write(someLines(1), contextOf()));
    storage.failing = { open: 'EACCES' };
    await errorOf(sink.write(someLines(1), contextOf()));
    expect(await files()).toEqual([]);
    storage.failing = {};
    await sink.write(someLines(1), contextOf());
    expect(linesIn(await readAll(directory))).toEqual(someLines(1));
  });

  it('says so when it cannot even cut a file back', async () => {
    const sink = await open();
    await sink.write(someLines(1), contextOf());
    storage.failing = { write: 'EIO', writtenBefore: 30, truncate: 'EIO' };
    await errorOf(sink.write(someLines(1, 1), contextOf()));
    expect(notices).toEqual([expect.stringMatching(/may end in lines that were reported as lost: EIO/)]);
    storage.failing = {};
    await sink.write(someLines(1, 2), contextOf());
    expect(await files()).toHaveLength(2);
    await sink.close();
    await open();
    expect(linesIn(await readAll(directory))).toEqual([...someLines(1), ...someLines(1, 2)]);
  });

  it('answers in time when the disk hangs, and loses what comes on top of what may wait', async () => {
    const size = Buffer.byteLength(`${someLines(1).join('\n')}\n`);
    const sink = await open({ maxPendingBytes: size * 2 });
    storage.hold();
    const leaving = new AbortController();
    const first = errorOf(sink.write(someLines(1), contextOf({ deadline: clock.now() + 5_000 })));
    const second = errorOf(sink.write(someLines(1, 1), contextOf({ signal: leaving.signal })));
    expect((await errorOf(sink.write(someLines(1, 2), contextOf()))).reason).toBe('queue-full');
    leaving.abort(new Error('gone'));
    expect(await second).toMatchObject({ reason: 'aborted', lines: 1 });
    await clock.advance(5_000);
    expect(await first).toMatchObject({ reason: 'timeout', lines: 1 });
    storage.release();
    await sink.close();
    expect(linesBy(sink)).toEqual({ written: 0, refused: 0, lost: 3, pending: 0 });
    expect(clock.timers).toBe(0);
  });

  it('has room again for what the disk has taken, and leaves no timer behind', async () => {
    const size = Buffer.byteLength(`${someLines(1).join('\n')}\n`);
    const sink = await open({ maxPendingBytes: size });
    for (let turn = 0; turn < 3; turn++) {
      await sink.write(someLines(1, turn), contextOf({ deadline: clock.now() + 5_000 }));
    }
    expect(clock.timers).toBe(0);
  });

  it('measures how long the disk takes', async () => {
    const sink = await open();
    storage.hold();
    const write = sink.write(someLines(1), contextOf());
    await storage.reached('datasync');
    clock.stall(30);
    storage.release();
    await write;
    const sums: number[] = [];
    sink.measure(
      ({ type }, _labels, value) => typeof value === 'object' && type === 'histogram' && sums.push(value.sum),
    );
    expect(sums).toEqual([0.03]);
  });

  it('says in a line why its directory cannot be used', async () => {
    await writeFile(directory, 'a file');
    await expect(open()).rejects.toThrow(
      new ConfigError(`file sink: ${directory} cannot be used: EEXIST: file already exists, mkdir '${directory}'`),
    );
    await rm(directory);
    const inside = join(directory, 'points-20261122T040506Z-000001.lp');
    await mkdir(inside, { recursive: true });
    await expect(open()).rejects.toThrow(/cannot be used: EISDIR/);
    await rm(inside, { recursive: true });
    await open();
  });

  it.each([
    [{ maxFileBytes: 0 }, 'file sink: maxFileBytes is 0; it must be above 0'],
    [{ maxFileAgeMs: Number.NaN }, 'file sink: maxFileAgeMs is NaN; it must be above 0'],
    [
      { maxFileBytes: 8, maxTotalBytes: 15 },
      'file sink: maxTotalBytes is 15; it must be at least twice maxFileBytes, 16',
    ],
  ])('refuses %o', async (options, message) => {
    await expect(open(options)).rejects.toThrow(new ConfigError(message));
  });
});
