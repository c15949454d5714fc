import { seededRandom } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import { FRAME_HEADER_BYTES, MARKER_PREFIX } from './frame-codec.js';
import { type Log, openLog } from './log.js';
import { frameOf, readAll } from './log.suite.js';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from './segment-codec.js';

const DIRECTORY = '/segments';
const SEQS = [1, 2, 3, 4];
/** Opening it hundreds of times takes a while on a busy machine. */
const TIMEOUT_MS = 60_000;
/** Frame n holds 10 n points. */
const pointsOf = (seqs: readonly number[]): number => seqs.reduce((sum, seq) => sum + 10 * seq, 0);

const openOn = (storage: ForgetfulDisk, onFrame?: (frame: FrameSummary) => void): Promise<Log> =>
  openLog({ directory: DIRECTORY, segmentBytes: 200, slot: 's', storage, ...(onFrame && { onFrame }) });

async function diskWith(files: ReadonlyMap<string, Buffer>): Promise<ForgetfulDisk> {
  const disk = new ForgetfulDisk({ random: seededRandom(1) });
  await disk.makeDirectory(DIRECTORY);
  for (const [path, bytes] of files) disk.edit(path, () => bytes);
  return disk;
}

/** Four frames in two segments. */
async function sound(): Promise<Map<string, Buffer>> {
  const disk = await diskWith(new Map());
  const log = await openOn(disk);
  for (const seq of SEQS) await log.append([frameOf(`m v=${seq} ${'1'.repeat(seq)}\n`, 10 * seq)]);
  await log.close();
  return disk.files();
}

interface Place {
  readonly path: string;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
}

/** Where each frame lies. */
function placesOf(files: ReadonlyMap<string, Buffer>): Place[] {
  let seq = 0;
  return [...files].flatMap(([path, bytes]) => {
    const starts: number[] = [];
    for (let at = bytes.indexOf(MARKER_PREFIX); at !== -1; at = bytes.indexOf(MARKER_PREFIX, at + 1)) starts.push(at);
    return starts.map((from, at) => ({ path, seq: ++seq, from, to: starts[at + 1] ?? bytes.length }));
  });
}

/** Opens the damaged log, goes on with it, and opens it again: what is missing is the same all the time. */
async function judge(files: ReadonlyMap<string, Buffer>, missing: readonly number[], what: string): Promise<void> {
  const disk = await diskWith(files);
  const found: FrameSummary[] = [];
  const log = await openOn(disk, (frame) => found.push(frame));
  const left = SEQS.filter((seq) => !missing.includes(seq));
  expect(
    found.map(({ seq }) => seq),
    what,
  ).toEqual(left);
  const last = Math.max(0, ...left);
  const between = missing.filter((seq) => seq < last);
  const told = log.gaps.reduce((sum, { points }) => sum + points, 0);
  if (missing.every((seq) => seq < last)) expect(told, what).toBe(pointsOf(between));
  else expect(log.cutBytes > 0 || told === pointsOf(missing) || log.nextSeq === last + 1, what).toBe(true);
  const read = await readAll(log);
  expect(
    read.frames.map(({ seq }) => seq),
    what,
  ).toEqual(left);
  expect(read.gaps, what).toEqual(log.gaps);
  const { nextSeq, totalPoints } = log;
  expect(nextSeq, what).toBeGreaterThan(last);
  await log.append([frameOf('new\n', 7)]);
  await log.close();
  const seqs: number[] = [];
  const again = await openOn(disk, ({ seq }) => seqs.push(seq));
  expect(seqs, what).toEqual([...left, nextSeq]);
  expect([again.nextSeq, again.totalPoints, again.cutBytes], what).toEqual([nextSeq + 1, totalPoints + 7, 0]);
  expect(again.gaps, what).toEqual(log.gaps);
}

describe('Log with damage on the disk', () => {
  it(
    'loses the frame that holds the damaged byte and no other, wherever it is',
    async () => {
      const files = await sound();
      for (const [path, bytes] of files) {
        for (let at = 0; at < bytes.length; at++) {
          const hit = placesOf(files).filter((place) => place.path === path && place.from <= at && at < place.to);
          const flipped = Buffer.from(bytes);
          flipped[at]! ^= 1 << (at % 8);
          await judge(
            new Map(files).set(path, flipped),
            hit.map(({ seq }) => seq),
            `${path} flipped at ${at}`,
          );
        }
      }
    },
    TIMEOUT_MS,
  );

  it(
    'loses the first frame of a segment and no other when the header of both is damaged',
    async () => {
      const files = await sound();
      const [first] = placesOf(files);
      for (let at = first!.from; at < first!.from + FRAME_HEADER_BYTES; at++) {
        const flipped = Buffer.from(files.get(first!.path)!);
        flipped[0]! ^= 1;
        flipped[at]! ^= 1 << (at % 8);
        await judge(new Map(files).set(first!.path, flipped), [1], `flipped at ${at}`);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'loses the frame that a byte is missing from and no other',
    async () => {
      const files = await sound();
      for (const [path, bytes] of files) {
        for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; at++) {
          const hit = placesOf(files).filter((place) => place.path === path && place.from <= at && at < place.to);
          const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
          await judge(
            new Map(files).set(path, shorter),
            hit.map(({ seq }) => seq),
            `${path} lacks ${at}`,
          );
        }
      }
    },
    TIMEOUT_MS,
  );

  it(
    'loses what is behind the end of a file that was cut off',
    async () => {
      const files = await sound();
      for (const [path, bytes] of files) {
        for (let length = 0; length < bytes.length; length++) {
          const hit = placesOf(files).filter((place) => place.path === path && place.to > length);
          const cut = new Map(files).set(path, bytes.subarray(0, length));
          await judge(
            cut,
            hit.map(({ seq }) => seq),
            `${path} cut at ${length}`,
          );
        }
      }
    },
    TIMEOUT_MS,
  );

  it('tells of damage that is done while it is open, when somebody reads there', async () => {
    const files = await sound();
    for (const place of placesOf(files)) {
      const disk = await diskWith(files);
      const log = await openOn(disk);
      const gap = { fromSeq: place.seq, toSeq: place.seq, points: 10 * place.seq };
      for (const at of [place.from, place.to - 1]) {
        disk.edit(place.path, () => Buffer.from(files.get(place.path)!));
        disk.flip(place.path, at);
        const read = await readAll(log);
        expect(read.gaps).toMatchObject([gap]);
        expect(read.frames.map(({ seq }) => seq)).toEqual(SEQS.filter((seq) => seq !== place.seq));
        const passed = await log.read(1, { maxBytes: 1e6, wanted: () => false });
        expect(passed.gaps).toMatchObject(at === place.from ? [gap] : []);
        expect(passed.nextSeq).toBe(5);
      }
    }
  });

  it('takes nothing for a frame that lies in the body of a damaged one', async () => {
    const inner = [...(await sound()).values()][0]!.subarray(SEGMENT_HEADER_BYTES);
    const disk = await diskWith(new Map());
    const log = await openOn(disk);
    await log.append([{ ...frameOf('', 3), body: inner }]);
    await log.append([frameOf('after\n', 5)]);
    await log.close();
    disk.flip(`${DIRECTORY}/0000000000000001.log`, SEGMENT_HEADER_BYTES + 20);
    const found: number[] = [];
    const again = await openOn(disk, ({ seq }) => found.push(seq));
    expect(found).toEqual([2]);
    expect(again.gaps).toEqual([{ fromSeq: 1, toSeq: 1, points: 3, segment: 1 }]);
  });

  it('does not take deleted segments for damage', async () => {
    const disk = await diskWith(await sound());
    const log = await openOn(disk);
    for (const seq of [5, 6, 7]) await log.append([frameOf(`m v=${seq} ${'1'.repeat(100)}\n`, 10 * seq)]);
    const [, middle] = log.segments();
    await log.remove(middle!.id);
    await log.close();
    const again = await openOn(disk);
    expect(again.gaps).toEqual([]);
    expect((await readAll(again)).frames.map(({ seq }) => seq)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].filter((seq) => seq < middle!.id || seq > middle!.lastSeq),
    );
  });

  it('refuses a folder of another version, naming the file', async () => {
    const header = { version: 2, firstSeq: 1, totalBefore: 0, previous: 0, salt: 1 };
    const disk = await diskWith(new Map([[`${DIRECTORY}/0000000000000001.log`, encodeSegmentHeader(header)]]));
    await expect(openOn(disk)).rejects.toThrow(/0000000000000001\.log is in version 2 .* reads version 1/);
  });
});
