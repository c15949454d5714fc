import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandOverError } from '../handover/hand-over.js';
import { handOverSlot } from './hand-over.js';
import type { Slot } from './slot.js';
import { appendTo, bookOf, openTestSlot } from './slot.suite.js';
import type { HandOver } from './spool.js';

const A = 'http://a:8086';
const B = 'http://b:8086';

describe('the hand-over of a slot', () => {
  let directory: string;
  let slot: Slot;
  let taken: number;
  let errors: unknown[];

  const append = (body: string, points = 1) => appendTo(slot, body, points);
  const give = (handOver: HandOver) =>
    handOverSlot(slot, handOver, {
      signal: new AbortController().signal,
      taken: (points) => {
        taken += points;
      },
      failed: (error) => errors.push(error),
    });
  const book = (lane: string) => bookOf(slot, lane);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slot-'));
    slot = await openTestSlot(join(directory, 'slot-1'), [A, B]);
    taken = 0;
    errors = [];
  });
  afterEach(async () => {
    await slot.close();
    await rm(directory, { recursive: true });
  });

  it('gives a peer that lacks one of the backends what it owes to the others', async () => {
    await append('m v=1 1\n');
    await append('m v=2 2\n');
    const offered: string[][] = [];
    await give(async ({ lanes }) => {
      offered.push([...lanes]);
      if (lanes.includes(B)) throw new HandOverError(409, 'no lane here leads to http://b:8086');
    });
    expect(offered).toEqual([[A, B], [A], [B]]);
    expect(taken).toBe(2);
    expect(errors).toHaveLength(1);
    expect(book(A).totals).toMatchObject({ handedOver: 2 });
    expect(book(B).totals).toMatchObject({ handedOver: 0 });
    expect([book(A).pending, book(B).pending]).toEqual([0, 2]);
  });

  it('offers a batch once where it is refused for another reason', async () => {
    await append('m v=1 1\n');
    let offers = 0;
    await give(async () => {
      offers++;
      throw new HandOverError(401, 'another token');
    });
    expect([offers, errors.length, book(A).pending, book(B).pending]).toEqual([1, 1, 1, 1]);
  });

  it('counts what the log cannot read any more as damaged, and does not leave it as owed', async () => {
    for (const body of ['m v=1 1\n', 'm v=2 2\nm v=3 3\n', 'm v=4 4\n'])
      await append(body, body.split('\n').length - 1);
    const [name] = await readdir(slot.log.directory);
    const path = join(slot.log.directory, name!);
    const bytes = await readFile(path);
    bytes[bytes.indexOf('m v=2')]! ^= 1;
    await writeFile(path, bytes);
    await give(async () => {});
    for (const lane of [A, B]) {
      expect(book(lane).totals, lane).toMatchObject({ handedOver: 2, damaged: 2 });
      expect(book(lane).pending, lane).toBe(0);
    }
  });
});
