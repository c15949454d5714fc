import { describe, expect, it } from 'vitest';
import { fnv1a, offsetOf } from './offset.js';

describe("a target's offset", () => {
  it('is hashed with FNV-1a, as its published test vectors say', () => {
    expect(fnv1a('')).toBe(0x811c9dc5);
    expect(fnv1a('a')).toBe(0xe40c292c);
    expect(fnv1a('foobar')).toBe(0xbf9cf968);
  });

  it('is the same for the same name, on every machine', () => {
    expect(['web-1', 'web-2', 'größe'].map((name) => offsetOf(name, 10_000))).toEqual([1267, 4201, 8032]);
  });

  it('spreads 2,000 numbered names over the interval, no tenth of it with a fifth too many', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 2_000; index++) tenths[Math.floor(offsetOf(`target-${index}`, 10_000) / 1_000)]!++;
    for (const count of tenths) {
      expect(count).toBeGreaterThan(160);
      expect(count).toBeLessThan(240);
    }
  });

  it('lies within the interval, in whole milliseconds', () => {
    for (let index = 0; index < 1_000; index++) {
      const offset = offsetOf(`x${index}`, 7);
      expect(Number.isInteger(offset) && offset >= 0 && offset < 7).toBe(true);
    }
  });
});
