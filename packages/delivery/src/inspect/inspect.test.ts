import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openQuarantine } from '../quarantine/quarantine-file.js';
import { laneFiles, segmentsIn } from '../spool/layout.js';
import { DirectoryLock } from '../spool/slot-lock.js';
import { exportLines } from './export.js';
import { type LineSelection, loggedLines, quarantinedLines } from './frames.js';
import { listSpool } from './ls.js';
import { releaseLane } from './release.js';
import { A, B, testSpool } from './spool.suite.js';
import { type Damage, verifySpool } from './verify.js';

async function damages(directory: string): Promise<Damage[]> {
  const all: Damage[] = [];
  const report = await verifySpool(directory, (damage) => all.push(damage));
  expect(report.damages).toBe(all.length);
  return all;
}

async function flip(file: string, at: number | string): Promise<void> {
  const bytes = await readFile(file);
  const offset = typeof at === 'number' ? at : bytes.indexOf(at);
  expect(offset).not.toBe(-1);
  bytes[offset]! ^= 0xff;
  await writeFile(file, bytes);
}

async function segments(slot: string): Promise<string[]> {
  return (await readdir(segmentsIn(slot))).sort().map((name) => join(segmentsIn(slot), name));
}

async function lines(directory: string, selection: LineSelection) {
  const all = [];
  for await (const { bytes, ...line } of loggedLines(directory, selection))
    all.push({ ...line, text: bytes.toString() });
  return all;
}

describe('ls', () => {
  it('shows what is there, and what each lane is owed', async () => {
    await using spool = await testSpool();
    const [report] = await listSpool(spool.directory);
    expect(report).toMatchObject({ slot: 'slot-1', isHeld: false, frames: 10, points: 55, damages: 0 });
    expect(report?.newestMs).toBeGreaterThanOrEqual(report?.oldestMs ?? Number.NaN);
    const byLane = report?.lanes.toSorted((a, b) => (a.lane! < b.lane! ? -1 : 1));
    expect(byLane).toMatchObject([
      {
        lane: A,
        pendingFrames: 5,
        pendingPoints: 36,
        doneFrames: 4,
        totals: { accepted: 46, released: 9, quarantined: 1 },
      },
      { lane: B, pendingFrames: 10, pendingPoints: 55, doneFrames: 0, totals: { accepted: 55, released: 0 } },
    ]);
  });

  it('shows of a lane that was given up only what is to mend, and under its name', async () => {
    await using spool = await testSpool();
    const { checkpoint, quarantine } = laneFiles(spool.slot, A);
    await (await openQuarantine({ path: quarantine, lane: A })).close();
    await rm(checkpoint);
    const [report] = await listSpool(spool.directory);
    expect(report?.lanes.find(({ lane }) => lane !== B)).toEqual({
      lane: A,
      hasCheckpoint: false,
      pendingFrames: 0,
      pendingPoints: 0,
      doneFrames: 0,
      totals: undefined,
      quarantinedLines: 0,
      givenUpLines: 0,
      isReleased: false,
    });
    expect(report?.lanes.find(({ lane }) => lane === B)).toMatchObject({ hasCheckpoint: true, pendingFrames: 10 });
  });

  it('takes a lane whose checkpoint is damaged to be owed all that is not for other lanes', async () => {
    await using spool = await testSpool();
    const { checkpoint } = laneFiles(spool.slot, A);
    await flip(checkpoint, 30);
    await flip(checkpoint, 64 * 1024 + 10);
    const [report] = await listSpool(spool.directory);
    expect(report?.lanes.find(({ lane }) => lane !== B)).toMatchObject({
      lane: undefined,
      hasCheckpoint: true,
      pendingFrames: 9,
    });
  });

  it('knows a slot that a living process holds, and changes nothing in it', async () => {
    await using spool = await testSpool();
    const lock = await DirectoryLock.acquire(spool.slot);
    const before = await readdir(spool.slot);
    expect((await listSpool(spool.directory))[0]?.isHeld).toBe(true);
    expect(await readdir(spool.slot)).toEqual(before);
    await lock.release();
    expect((await listSpool(spool.directory))[0]?.isHeld).toBe(false);
  });
});

describe('verify', () => {
  it('finds nothing in a sound folder, held or free', async () => {
    await using spool = await testSpool();
    expect(await damages(spool.directory)).toEqual([]);
    const lock = await DirectoryLock.acquire(spool.slot);
    expect(await damages(spool.directory)).toEqual([]);
    await lock.release();
  });

  it('names the frame that a flipped byte cost, once', async () => {
    await using spool = await testSpool();
    const [file] = await segments(spool.slot);
    await flip(file!, 'frame=2');
    expect(await damages(spool.directory)).toMatchObject([
      { slot: 'slot-1', file, what: 'frame 2 is lost', frames: 1, points: 2 },
    ]);
  });

  it('sees by the checkpoints that a whole segment is gone, and that the end of the log is', async () => {
    await using spool = await testSpool();
    const files = await segments(spool.slot);
    await rm(files.at(-1)!);
    const found = await damages(spool.directory);
    expect(found.map(({ what }) => what).sort()).toEqual([
      `${A} is owed points that the log lacks; they will count as damaged`,
      `${B} is owed points that the log lacks; they will count as damaged`,
    ]);
    expect(found.every(({ points }) => points > 0)).toBe(true);
  });

  it('names a damaged copy of a checkpoint, and a checkpoint without any sound one', async () => {
    await using spool = await testSpool();
    const { checkpoint } = laneFiles(spool.slot, A);
    await flip(checkpoint, 64 * 1024 + 10);
    expect(await damages(spool.directory)).toMatchObject([
      {
        file: checkpoint,
        offset: 64 * 1024,
        what: 'this copy of the checkpoint is damaged; the other one stands in for it',
      },
    ]);
    await flip(checkpoint, 30);
    const [damage] = await damages(spool.directory);
    expect(damage).toMatchObject({ file: checkpoint, offset: undefined, frames: 0, points: 0 });
    expect(damage?.what).toContain('both copies of the checkpoint');
  });
});

describe('lines', () => {
  it('come from old to new, with their frame, time and destination', async () => {
    await using spool = await testSpool();
    const all = await lines(spool.directory, {});
    expect(all).toHaveLength(55);
    expect(all[1]).toMatchObject({
      slot: 'slot-1',
      seq: 2,
      line: 0,
      text: 'tide,frame=2 level=0 2000',
      destination: { org: '', bucket: 'tides' },
    });
  });

  it('can be chosen by frame, by lane and by what is pending', async () => {
    await using spool = await testSpool();
    const seqs = async (selection: LineSelection) =>
      [...new Set((await lines(spool.directory, selection)).map(({ seq }) => seq))].join(' ');
    expect(await seqs({ fromSeq: 3, toSeq: 5 })).toBe('3 4 5');
    expect(await seqs({ lane: A })).toBe('1 2 3 4 5 6 7 8 10');
    expect(await seqs({ lane: A, pending: true })).toBe('5 6 7 8 10');
    expect(await seqs({ lane: B, pending: true, fromSeq: 9 })).toBe('9 10');
    await expect(lines(spool.directory, { lane: 'http://c' })).rejects.toThrow('has a lane http://c');
    await expect(lines(spool.directory, { slot: 7 })).rejects.toThrow('holds no slot-7');
  });

  it('go into a file with comments that say where they belong, and overwrite none', async () => {
    await using spool = await testSpool();
    const file = join(spool.directory, 'out.gz');
    const options = { spool: spool.directory, file, gzip: true, fromSeq: 5, toSeq: 6 };
    const { signal } = new AbortController();
    expect(await exportLines({ ...options, signal })).toBe(11);
    const text = gunzipSync(await readFile(file))
      .toString()
      .split('\n');
    expect(text).toHaveLength(14);
    expect([text[0], text[6]]).toEqual([
      '# destination {"org":"","bucket":"tides"}',
      '# destination {"org":"","bucket":"waves"}',
    ]);
    await expect(exportLines({ ...options, signal })).rejects.toThrow('is there already');
  });
});

describe('quarantined lines', () => {
  const refused = (seq: number, text: string, bytes?: Buffer) => ({
    seq,
    line: 0,
    text,
    ...(bytes === undefined ? {} : { bytes }),
    words: `field "level" is\na string`,
    destination: { org: '', bucket: 'tides' },
    acceptedAtMs: 1,
    quarantinedAtMs: 2,
  });

  async function quarantine(slot: string): Promise<string> {
    const path = laneFiles(slot, A).quarantine;
    const file = await openQuarantine({ path, lane: A });
    await file.add([
      refused(2, 'tide level="high" 1'),
      refused(3, 'tide x="\ufffd" 2', Buffer.from('tide x="\xff" 2', 'latin1')),
    ]);
    await file.close();
    return path;
  }

  it('are counted also where they had to make room for newer ones', async () => {
    await using spool = await testSpool();
    const file = await openQuarantine({ path: laneFiles(spool.slot, A).quarantine, lane: A, maxBytes: 4_096 });
    for (let seq = 1; seq <= 40; seq++) await file.add([refused(seq, 'tide level="high" 1')]);
    await file.close();
    const lanes = (await listSpool(spool.directory))[0]!.lanes;
    const { quarantinedLines, givenUpLines } = lanes.find(({ lane }) => lane === A)!;
    expect(givenUpLines).toBeGreaterThan(0);
    expect(quarantinedLines + givenUpLines).toBe(40);
    expect(lanes.find(({ lane }) => lane === B)).toMatchObject({ givenUpLines: 0 });
  });

  it('are counted, and come to the byte', async () => {
    await using spool = await testSpool();
    await quarantine(spool.slot);
    expect((await listSpool(spool.directory))[0]?.lanes.map(({ quarantinedLines: lines }) => lines).sort()).toEqual([
      0, 2,
    ]);
    const all = [];
    for await (const line of quarantinedLines(spool.directory, { lane: A, fromSeq: 3 })) all.push(line);
    expect(all).toMatchObject([{ slot: 'slot-1', lane: A, seq: 3, bytes: Buffer.from('tide x="\xff" 2', 'latin1') }]);
  });

  it('are exported below the words of the backend', async () => {
    await using spool = await testSpool();
    await quarantine(spool.slot);
    const file = join(spool.directory, 'mend');
    const { signal } = new AbortController();
    expect(await exportLines({ spool: spool.directory, file, quarantined: true, toSeq: 2, signal })).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(
      [
        '# destination {"org":"","bucket":"tides"}',
        '# http://influx-a:8086: field "level" is a string',
        'tide level="high" 1',
        '',
      ].join('\n'),
    );
  });

  it('that are damaged are named, and cost no other', async () => {
    await using spool = await testSpool();
    const path = await quarantine(spool.slot);
    const before = await verifySpool(spool.directory, () => {});
    expect(before).toMatchObject({ quarantinedLines: 2, damages: 0 });
    await flip(path, '"seq":2');
    const found = await damages(spool.directory);
    expect(found).toMatchObject([{ file: path, what: 'bytes that are no quarantined line' }]);
    expect((await readFile(path)).subarray(found[0]!.offset).toString()).toMatch(/^\{.*level/);
  });
});

describe('release', () => {
  it('leaves the marker for a lane that is there, and for no other', async () => {
    await using spool = await testSpool();
    const marker = laneFiles(spool.slot, A).release;
    const lock = await DirectoryLock.acquire(spool.slot);
    const release = () => releaseLane({ spool: spool.directory, slot: 1, lane: `${A}/` });
    expect(await release()).toEqual({ marker, isHeld: true });
    await access(marker);
    await lock.release();
    expect(await release()).toEqual({ marker, isHeld: false });
    expect((await listSpool(spool.directory))[0]?.lanes.filter(({ isReleased }) => isReleased)).toMatchObject([
      { lane: A },
    ]);
    await expect(releaseLane({ spool: spool.directory, slot: 1, lane: 'http://c' })).rejects.toThrow(
      /slot-1 has no lane http:\/\/c; it has http/,
    );
    await expect(releaseLane({ spool: spool.directory, slot: 2, lane: A })).rejects.toThrow('holds no slot-2');
  });
});
