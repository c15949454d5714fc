import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeWindow } from './time-window.js';

const sums = ({ calls, failures, slow }: TimeWindow) => ({ calls, failures, slow });

interface Result {
  readonly atMs: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

/** What a window should hold, from a list of everything that ever happened. */
function expected(results: readonly Result[], durationMs: number, buckets: number) {
  const bucketOf = (ms: number) => Math.floor(ms / (durationMs / buckets));
  const current = bucketOf(results.at(-1)!.atMs);
  const held = results.filter(({ atMs }) => bucketOf(atMs) > current - buckets);
  return {
    calls: held.length,
    failures: held.filter(({ failed }) => failed).length,
    slow: held.filter(({ slow }) => slow).length,
  };
}

describe('TimeWindow', () => {
  it('is empty at first', () => {
    expect(sums(new TimeWindow(100, 10))).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  it('counts failures and slow calls apart, in one bucket and over several', () => {
    const window = new TimeWindow(100, 10);
    window.record(0, true, false);
    window.record(5, false, true);
    window.record(50, true, true);
    window.record(99, false, false);
    expect(sums(window)).toEqual({ calls: 4, failures: 2, slow: 2 });
  });

  it('forgets a bucket at a time', () => {
    const window = new TimeWindow(100, 10);
    window.record(9, true, true);
    window.record(10, true, false);
    window.record(99.9, false, false);
    expect(sums(window)).toEqual({ calls: 3, failures: 2, slow: 1 });
    window.record(100, false, false);
    expect(sums(window)).toEqual({ calls: 3, failures: 1, slow: 0 });
    window.record(110, false, false);
    expect(sums(window)).toEqual({ calls: 3, failures: 0, slow: 0 });
  });

  it('is empty but for the newest after an hour idle', () => {
    const window = new TimeWindow(30_000, 10);
    for (let ms = 0; ms < 30_000; ms += 100) window.record(ms, true, true);
    window.record(3_630_000, false, false);
    expect(sums(window)).toEqual({ calls: 1, failures: 0, slow: 0 });
  });

  it.each([1, 9, 10, 11, 19, 20, 21, 1_000_003])('is right after %d empty buckets', (empty) => {
    const window = new TimeWindow(100, 10);
    for (let ms = 0; ms < 100; ms += 10) window.record(ms, true, false);
    window.record(90 + empty * 10, true, false);
    const left = Math.max(0, 10 - empty);
    expect(sums(window)).toEqual({ calls: left + 1, failures: left + 1, slow: 0 });
  });

  it('begins at any instant', () => {
    const window = new TimeWindow(100, 10);
    window.record(123_456_789, true, false);
    window.record(123_456_879, true, false);
    expect(sums(window)).toEqual({ calls: 2, failures: 2, slow: 0 });
    window.record(123_456_880, false, false);
    expect(sums(window)).toEqual({ calls: 2, failures: 1, slow: 0 });
  });

  it('works with one bucket, which is then the whole window', () => {
    const window = new TimeWindow(100, 1);
    window.record(0, true, false);
    window.record(99, true, false);
    expect(window.failures).toBe(2);
    window.record(100, false, false);
    expect(sums(window)).toEqual({ calls: 1, failures: 0, slow: 0 });
  });

  it('credits a result that a clock brings out of order to the current bucket', () => {
    const window = new TimeWindow(100, 10);
    window.record(50, false, false);
    window.record(20, true, false);
    window.record(149, false, false);
    expect(sums(window)).toEqual({ calls: 3, failures: 1, slow: 0 });
    window.record(150, false, false);
    expect(sums(window)).toEqual({ calls: 2, failures: 0, slow: 0 });
  });

  it('holds what a list of all results says, through gaps of every length', () => {
    const gap = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 50, max: 250 }),
      fc.integer({ min: 1_000, max: 10_000_000 }),
    );
    const step = fc.record({ gap, failed: fc.boolean(), slow: fc.boolean() });
    const shape = fc.record({ durationMs: fc.integer({ min: 1, max: 200 }), buckets: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(shape, fc.array(step, { minLength: 1, maxLength: 80 }), ({ durationMs, buckets }, steps) => {
        const window = new TimeWindow(durationMs, buckets);
        const results: Result[] = [];
        let atMs = 0;
        for (const { gap, failed, slow } of steps) {
          atMs += gap;
          results.push({ atMs, failed, slow });
          window.record(atMs, failed, slow);
          expect(sums(window)).toEqual(expected(results, durationMs, buckets));
        }
      }),
      { numRuns: 300 },
    );
  });
});
