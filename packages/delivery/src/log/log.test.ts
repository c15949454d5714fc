import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FrameSummary, NewFrame } from '../frames/frame.js';
import { openLog } from './log.js';

const frame = (text: string, points = 1): NewFrame => ({
  meta: { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } },
  body: Buffer.from(text),
  points,
});

describe('Log on the real disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'log-')), 'segments');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  it('gives back what was appended, then and after it was opened again', async () => {
    const committed: FrameSummary[] = [];
    const open = (onFrame: (frame: FrameSummary) => void) =>
      openLog({ directory, segmentBytes: 300, slot: 's', onFrame, onCommit: (some) => committed.push(...some) });
    const log = await open(() => {});
    await Promise.all(['a 1\n', 'b 1\n', 'c 1\n'].map((text) => log.append([frame(text)])));
    for (const text of ['d 1\n', 'e 1\n', 'f 1\n']) await log.append([frame(text, 2)]);
    const read = await log.read(2, { maxBytes: 1e6 });
    expect(read.frames.map(({ seq, body }) => `${seq} ${body}`)).toEqual([
      '2 b 1\n',
      '3 c 1\n',
      '4 d 1\n',
      '5 e 1\n',
      '6 f 1\n',
    ]);
    expect(read.nextSeq).toBe(7);
    expect(committed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    await log.close();
    const found: FrameSummary[] = [];
    const again = await open((each) => found.push(each));
    expect(found).toEqual(committed);
    expect([again.nextSeq, again.totalPoints, again.gaps, again.cutBytes]).toEqual([7, 9, [], 0]);
    await again.append([frame('g 1\n')]);
    expect((await again.read(1, { maxBytes: 1e6 })).frames.map(({ body }) => `${body}`).join('')).toMatch(
      /^a.*g 1\n$/s,
    );
    expect(again.segments().length).toBeGreaterThan(1);
    await again.close();
  });
});
