import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../frames/frame.js';
import { Dissection, pointsOf } from './dissection.js';
import { FrameWork } from './work.js';

function worksOf(sizes: readonly number[]): FrameWork[] {
  let n = 0;
  return sizes.map((points, index) => {
    const body = Buffer.from(Array.from({ length: points }, () => `m v=${n++}i 1\n`).join(''));
    const meta = { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } } as const;
    const frame: Frame = { seq: index + 1, points, meta, body, acceptedAtMs: 0, segment: 1, lanes: undefined };
    return new FrameWork(frame, undefined);
  });
}

/** Searches, and returns the lines that were found bad, those that were stored, and how many requests that took. */
function search(sizes: readonly number[], isBad: (line: number) => boolean) {
  const works = worksOf(sizes);
  const before = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  const dissection = new Dissection(works, Number.POSITIVE_INFINITY);
  const found: number[] = [];
  const stored: number[] = [];
  let requests = 0;
  for (let piece = dissection.next(); piece !== undefined; piece = dissection.next()) {
    requests++;
    const lines = piece.flatMap(({ work, span: [from, to] }) =>
      Array.from({ length: to - from }, (_, line) => before[work.frame.seq - 1]! + from + line),
    );
    if (lines.length !== pointsOf(piece)) throw new Error(`${pointsOf(piece)} points are ${lines.length} lines`);
    if (!lines.some(isBad)) {
      stored.push(...lines);
      dissection.stored(piece);
    } else if (dissection.refused(piece) !== undefined) found.push(lines[0]!);
  }
  return { found, stored, requests };
}

describe('Dissection', () => {
  it('finds exactly the bad lines, in about twice as many requests as halving takes at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(700), { maxLength: 40 }),
        (sizes, places) => {
          const lines = sizes.reduce((sum, size) => sum + size, 0);
          const bad = [...new Set(places.map((place) => place % lines))].sort((one, other) => one - other);
          const { found, stored, requests } = search(sizes, (line) => bad.includes(line));
          expect(found.toSorted((one, other) => one - other)).toEqual(bad);
          expect(stored.length + found.length).toBe(lines);
          const halving = 1 + 2 * bad.length * Math.ceil(Math.log2(Math.max(2, lines)));
          expect(requests).toBeLessThanOrEqual(2 * halving);
          expect(requests).toBeLessThanOrEqual(2 * lines);
        },
      ),
      { numRuns: 300 },
    );
  }, 180_000);

  it('takes 27 requests at most for one bad line of 5,000', () => {
    for (const place of [0, 1, 2_499, 2_500, 3_333, 4_999])
      expect(search([5_000], (line) => line === place).requests).toBeLessThanOrEqual(27);
  });

  it('takes about a request a line when all 5,000 are bad', () => {
    expect(search([5_000], () => true).requests).toBeLessThan(5_100);
    expect(
      search(
        Array.from({ length: 10 }, () => 500),
        () => true,
      ).requests,
    ).toBeLessThan(5_100);
  });

  it('cuts what is too large into pieces of half its bytes, down to a line', () => {
    const works = worksOf([40, 1, 9]);
    const dissection = new Dissection(works, Number.POSITIVE_INFINITY);
    let alone = 0;
    for (let piece = dissection.next(); piece !== undefined; piece = dissection.next()) {
      const bytes = piece.reduce((sum, { work, span }) => sum + work.bytes(span).length, 0);
      if (dissection.tooLarge(piece, bytes) !== undefined) alone++;
    }
    expect(alone).toBe(50);
  });

  it('begins with pieces of at most so many bytes', () => {
    const works = worksOf([40, 1, 9]);
    const dissection = new Dissection(works, 50);
    for (let piece = dissection.next(); piece !== undefined; piece = dissection.next())
      expect(piece.reduce((sum, { work, span }) => sum + work.bytes(span).length, 0)).toBeLessThanOrEqual(50);
  });
});
