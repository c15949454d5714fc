import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../log/log.js';
import { frameOf } from '../log/log.suite.js';
import { type Step, walkLog } from './walk.js';

let directory: string;

beforeEach(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'walk-'));
  directory = join(parent, 'segments');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

/** Frames 1 to `count`, of 1, 2, 3, … points, about four a segment. */
async function write(count: number): Promise<void> {
  const log = await openLog({ directory, segmentBytes: 600, slot: 'slot-1' });
  for (let seq = 1; seq <= count; seq++) await log.append([frameOf(`frame ${seq} ${'.'.repeat(50)}\n`, seq)]);
  await log.close();
}

async function steps(isLive = false): Promise<Step[]> {
  const all: Step[] = [];
  for await (const step of walkLog({ directory, isLive })) all.push(step);
  return all;
}

async function found(isLive = false) {
  const all = await steps(isLive);
  return {
    frames: all.flatMap((step) => (step.kind === 'frame' ? [step.seq] : [])),
    damages: all.flatMap((step) =>
      step.kind === 'damage' ? [[step.what, step.gap && [step.gap.fromSeq, step.gap.toSeq, step.gap.points]]] : [],
    ),
  };
}

const files = async () => (await readdir(directory)).sort().map((name) => join(directory, name));

/** Changes one byte behind the first occurrence of a text. */
async function flip(file: string, text: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(text);
  expect(at).not.toBe(-1);
  bytes[at]! ^= 0xff;
  await writeFile(file, bytes);
}

const upTo = (count: number, ...without: number[]) =>
  Array.from({ length: count }, (_, index) => index + 1).filter((seq) => !without.includes(seq));

describe('a sound log', () => {
  it('is walked from the first frame to the last, body and all', async () => {
    await write(10);
    const all = await steps();
    const bodies: string[] = [];
    for await (const step of walkLog({ directory, isLive: false })) {
      if (step.kind === 'frame') bodies.push(`${step.points} ${step.body.toString('utf8', 0, 8).trim()}`);
    }
    expect(bodies).toEqual(upTo(10).map((seq) => `${seq} frame ${seq}`));
    expect(all.filter(({ kind }) => kind === 'segment').length).toBeGreaterThan(2);
    expect((await found()).damages).toEqual([]);
  });

  it('may be walked while it grows: a torn end of a live one is no damage, nor is that of one that crashed', async () => {
    await write(3);
    const [file] = await files();
    const size = (await readFile(file!)).length;
    await appendFile(file!, (await readFile(file!)).subarray(44, 120));
    expect(await found(true)).toEqual({ frames: upTo(3), damages: [] });
    expect(await found(false)).toEqual({ frames: upTo(3), damages: [] });
    await truncate(file!, size - 5);
    expect(await found(true)).toEqual({ frames: upTo(2), damages: [] });
  });

  it('may lose its oldest segments meanwhile', async () => {
    await write(10);
    await rm((await files())[0]!);
    const { frames, damages } = await found();
    expect(damages).toEqual([]);
    expect(frames.at(-1)).toBe(10);
  });
});

describe('damage', () => {
  it('costs the frame that it hit, which the next one shows', async () => {
    await write(10);
    await flip((await files())[0]!, 'frame 2');
    expect(await found()).toEqual({ frames: upTo(10, 2), damages: [['frames', [2, 2, 2]]] });
  });

  it('says where in which file it is', async () => {
    await write(3);
    const [file] = await files();
    const second = (await steps()).find((step) => step.kind === 'frame' && step.seq === 2);
    await flip(file!, 'frame 2');
    const damage = (await steps()).find(({ kind }) => kind === 'damage');
    expect(damage).toMatchObject({ file, offset: second?.kind === 'frame' ? second.offset : Number.NaN });
  });

  it('at the end of a segment shows in the next', async () => {
    await write(10);
    const last = (await steps()).findLast((step) => step.kind === 'frame' && step.segment === 1);
    const seq = last?.kind === 'frame' ? last.seq : Number.NaN;
    await flip((await files())[0]!, `frame ${seq}`);
    expect(await found()).toEqual({ frames: upTo(10, seq), damages: [['frames', [seq, seq, seq]]] });
  });

  it('in the last frame shows in its own header, unless it may still be being written', async () => {
    await write(3);
    await flip((await files())[0]!, 'frame 3');
    expect(await found()).toEqual({ frames: [1, 2], damages: [['frames', [3, 3, 3]]] });
    expect(await found(true)).toEqual({ frames: [1, 2], damages: [] });
  });

  it("of a segment's header costs no frame", async () => {
    await write(10);
    await flip((await files())[1]!, 'BWLOGSEG');
    expect(await found()).toEqual({ frames: upTo(10), damages: [['segment-header', undefined]] });
  });

  it('anywhere costs at most what it hit, and is named wherever a frame is lost', async () => {
    await write(6);
    const all = await files();
    const sound = await Promise.all(all.map((file) => readFile(file)));
    for (const [index, file] of all.entries()) {
      for (let at = 0; at < sound[index]!.length; at += 7) {
        const bytes = Buffer.from(sound[index]!);
        bytes[at]! ^= 0x55;
        await writeFile(file, bytes);
        const { frames, damages } = await found();
        expect(frames.length, `${file} at ${at}`).toBeGreaterThanOrEqual(5);
        const isLast = index === all.length - 1;
        if (!isLast) expect(damages, `${file} at ${at}`).toHaveLength(1);
        if (frames.length < 6 && !isLast) expect(damages[0]![0]).toBe('frames');
      }
      await writeFile(file, sound[index]!);
    }
  });
});
