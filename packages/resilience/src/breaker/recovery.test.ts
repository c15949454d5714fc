import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTimeMs, type RecoverySettings } from './recovery.js';

const settings = (changes: Partial<RecoverySettings> = {}): RecoverySettings => ({
  recoveryTimeoutMs: 1_000,
  recoveryMultiplier: 1,
  maxRecoveryTimeoutMs: 10_000,
  recoveryJitter: 0,
  random: () => {
    throw new Error('no jitter, no dice');
  },
  ...changes,
});

describe('openTimeMs', () => {
  it('is the recovery timeout each time, unless told otherwise', () => {
    expect([1, 2, 50].map((attempts) => openTimeMs(settings(), attempts, 0))).toEqual([1_000, 1_000, 1_000]);
  });

  it('grows by the multiplier with each attempt, up to the cap', () => {
    const growing = settings({ recoveryMultiplier: 2 });
    expect([1, 2, 3, 4, 5, 6].map((attempts) => openTimeMs(growing, attempts, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
  });

  it('stays at the cap where the power is no number any more', () => {
    expect(openTimeMs(settings({ recoveryMultiplier: 10, recoveryJitter: 0.9, random: () => 0.5 }), 1e9, 0)).toBe(
      10_000,
    );
  });

  it('spreads evenly to both sides', () => {
    const at = (dice: number) => openTimeMs(settings({ recoveryJitter: 0.25, random: () => dice }), 1, 0);
    expect(at(0)).toBe(750);
    expect(at(0.5)).toBe(1_000);
    expect(at(0.75)).toBe(1_125);
  });

  it('caps after it has spread', () => {
    const capped = settings({ recoveryMultiplier: 10, recoveryJitter: 0.5, random: () => 0.999 });
    expect(openTimeMs(capped, 2, 0)).toBe(10_000);
    expect(openTimeMs({ ...capped, random: () => 0 }, 2, 0)).toBe(5_000);
  });

  it('gives way to a longer wish of the other side, within the cap', () => {
    expect(openTimeMs(settings(), 1, 999)).toBe(1_000);
    expect(openTimeMs(settings(), 1, 3_000)).toBe(3_000);
    expect(openTimeMs(settings(), 1, Number.POSITIVE_INFINITY)).toBe(10_000);
  });

  it('always lies between the spread base and the cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, recoveryMultiplier, recoveryJitter, dice) => {
          const ms = openTimeMs(settings({ recoveryMultiplier, recoveryJitter, random: () => dice }), attempts, 0);
          expect(ms).toBeGreaterThanOrEqual(1_000 * (1 - recoveryJitter) - 1e-9);
          expect(ms).toBeLessThanOrEqual(10_000);
        },
      ),
    );
  });
});
