import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bisection, callsForFourBadItems } from './bisection.js';

/** Bisects a batch whose calls fail when they contain a bad item. */
function run(items: number, bad: ReadonlySet<number>, maxCalls: number) {
  const bisection = new Bisection(items, maxCalls);
  const good: number[] = [];
  const failed: number[][] = [];
  for (let part = bisection.next(); part !== undefined; part = bisection.next()) {
    const { from, to } = part;
    const members = Array.from({ length: to - from }, (_, at) => from + at);
    if (!members.some((item) => bad.has(item))) good.push(...members);
    else if (!bisection.split(part)) failed.push(members);
  }
  return { good, failed, calls: bisection.calls };
}

const levels = (items: number) => Math.ceil(Math.log2(items));

const batch = fc
  .integer({ min: 1, max: 200 })
  .chain((items) =>
    fc.record({ items: fc.constant(items), bad: fc.uniqueArray(fc.nat({ max: items - 1 }), { maxLength: 6 }) }),
  );

describe('Bisection', () => {
  it('hands out a batch that is not split once', () => {
    const bisection = new Bisection(7, 100);
    expect(bisection.calls).toBe(0);
    expect(bisection.next()).toEqual({ from: 0, to: 7 });
    expect(bisection.next()).toBeUndefined();
    expect(bisection.calls).toBe(1);
  });

  it('splits in the middle and tries the first half first', () => {
    const bisection = new Bisection(5, 100);
    expect(bisection.split(bisection.next()!)).toBe(true);
    expect(bisection.next()).toEqual({ from: 0, to: 3 });
    expect(bisection.next()).toEqual({ from: 3, to: 5 });
  });

  it('finds exactly the bad items, in order, within 1 + 2k⌈log₂ n⌉ calls', () => {
    fc.assert(
      fc.property(batch, ({ items, bad }) => {
        const { good, failed, calls } = run(items, new Set(bad), Number.POSITIVE_INFINITY);
        const sorted = [...bad].sort((a, b) => a - b);
        expect(failed).toEqual(sorted.map((item) => [item]));
        expect(good).toEqual(Array.from({ length: items }, (_, item) => item).filter((item) => !bad.includes(item)));
        expect(calls).toBeLessThanOrEqual(1 + 2 * bad.length * levels(items));
      }),
    );
  });

  it('keeps within the calls allowed, still tries each item, and fails no part without a bad item', () => {
    fc.assert(
      fc.property(batch, fc.integer({ min: 1, max: 30 }), ({ items, bad }, maxCalls) => {
        const { good, failed, calls } = run(items, new Set(bad), maxCalls);
        expect(calls).toBeLessThanOrEqual(maxCalls);
        expect([...good, ...failed.flat()].sort((a, b) => a - b)).toEqual(Array.from({ length: items }, (_, i) => i));
        for (const part of failed) expect(part.some((item) => bad.includes(item))).toBe(true);
      }),
    );
  });

  it('uses the calls that are allowed: three suffice for two halves', () => {
    expect(run(4, new Set([0]), 2)).toEqual({ good: [], failed: [[0, 1, 2, 3]], calls: 1 });
    expect(run(4, new Set([0]), 3)).toEqual({ good: [2, 3], failed: [[0, 1]], calls: 3 });
    expect(run(4, new Set([0]), 5)).toEqual({ good: [1, 2, 3], failed: [[0]], calls: 5 });
  });
});

describe('callsForFourBadItems', () => {
  it('suffices for four bad items wherever they are', () => {
    fc.assert(
      fc.property(batch, ({ items, bad }) => {
        const four = bad.slice(0, 4);
        const { failed } = run(items, new Set(four), callsForFourBadItems(items));
        expect(failed.flat()).toHaveLength(four.length);
      }),
    );
  });

  it.each([
    [1, 1],
    [2, 9],
    [5, 25],
    [100, 57],
  ])('is one call and eight a level: for %d items %d', (items, calls) => {
    expect(callsForFourBadItems(items)).toBe(calls);
  });
});
