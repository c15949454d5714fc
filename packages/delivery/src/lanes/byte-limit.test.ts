import { describe, expect, it } from 'vitest';
import { ByteLimit } from './byte-limit.js';

describe('ByteLimit', () => {
  it('is half of what was too large, and never grows by that', () => {
    const limit = new ByteLimit(1_000_000);
    expect(limit.tooLarge(600_000, 0)).toBe(300_000);
    expect(limit.tooLarge(900_000, 0)).toBeUndefined();
    expect(limit.bytes(0)).toBe(300_000);
  });

  it('stays above what makes requests dear', () => {
    const limit = new ByteLimit(1_000_000);
    expect(limit.tooLarge(100, 0)).toBe(4_096);
  });

  it('doubles every hour, up to where it was', () => {
    const limit = new ByteLimit(1_000_000);
    limit.tooLarge(600_000, 5);
    expect([3_600_004, 3_600_005, 7_200_005, 10_800_005].map((ms) => limit.bytes(ms))).toEqual([
      300_000, 600_000, 1_000_000, 1_000_000,
    ]);
  });
});
