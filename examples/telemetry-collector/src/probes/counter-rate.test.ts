import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterRate } from './counter-rate.js';

const at = (value: bigint, atMs: number) => ({ value, atMs });

describe('counterRate', () => {
  it('is growth by time, per second', () => {
    expect(counterRate(at(1_000n, 0), at(4_000n, 2_000), { bits: 32 })).toBe(1_500);
    expect(counterRate(at(7n, 0), at(7n, 10_000), { bits: 64 })).toBe(0);
  });

  it('goes through a wrap of 32 bits', () => {
    expect(counterRate(at(2n ** 32n - 100n, 0), at(900n, 10_000), { bits: 32 })).toBe(100);
  });

  it('goes through a wrap of 64 bits without losing a single count', () => {
    expect(counterRate(at(2n ** 64n - 1n, 0), at(0n, 1_000), { bits: 64 })).toBe(1);
  });

  it('takes a 64-bit counter that went back for one that was set back', () => {
    expect(counterRate(at(2n ** 40n, 0), at(5n, 10_000), { bits: 64 })).toBeUndefined();
  });

  it('takes a 32-bit counter that went back for one that was set back when it cannot count so fast', () => {
    const [before, now] = [at(1_000_000n, 0), at(5n, 10_000)];
    // 4.29e9 bytes in 10 s are 3.4 Gbit/s.
    expect(counterRate(before, now, { bits: 32, maxPerSecond: 1e8 / 8 })).toBeUndefined();
    expect(counterRate(before, now, { bits: 32, maxPerSecond: 1e10 / 8 })).toBeCloseTo(429_396_730.1);
  });

  it('allows an interval that carries the growth of two, because agents cache', () => {
    const [before, now] = [at(2n ** 32n - 1n, 0), at(19_999_999n, 10_000)];
    expect(counterRate(before, now, { bits: 32, maxPerSecond: 1e6 })).toBe(2e6);
    expect(counterRate(before, now, { bits: 32, maxPerSecond: 0.99e6 })).toBeUndefined();
  });

  it('does not doubt growth: a speed that an agent states may be wrong', () => {
    expect(counterRate(at(0n, 0), at(1_000_000n, 1_000), { bits: 32, maxPerSecond: 10 })).toBe(1_000_000);
  });

  it.each([0, 0.5, -1_000, Number.NaN])('knows nothing when %d ms have passed', (ms) => {
    expect(counterRate(at(1n, 0), at(2n, ms), { bits: 32 })).toBeUndefined();
  });

  it('finds the growth again, wherever the counter stood', () => {
    for (const bits of [32, 64] as const) {
      const size = 2n ** BigInt(bits);
      const start = fc.bigInt({ min: 0n, max: size - 1n });
      // Less than the counter's size, and less than what the fastest thing counts in the time.
      const growth = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
      fc.assert(
        fc.property(start, growth, fc.integer({ min: 10, max: 10_000_000 }), (from, by, ms) => {
          const rate = counterRate(at(from, 5), at((from + by) % size, 5 + ms), { bits });
          expect((rate! * ms) / 1_000).toBeCloseTo(Number(by), 3);
        }),
      );
    }
  });

  it('is never negative and never infinite', () => {
    const value = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
    fc.assert(
      fc.property(value, value, fc.double({ noNaN: true }), (from, to, ms) => {
        const rate = counterRate(at(from, 0), at(to, ms), { bits: 32 });
        if (rate !== undefined) expect(rate).toSatisfy((per: number) => per >= 0 && Number.isFinite(per));
      }),
    );
  });
});
