import { describe, expect, it } from 'vitest';
import { count, duration, many } from './words.js';

describe('words', () => {
  it.each([
    [0, '0 µs'],
    [0.85, '850 µs'],
    [3.21, '3.2 ms'],
    [9.96, '10 ms'],
    [412.4, '412 ms'],
    [999.7, '1 s'],
    [1_250, '1.25 s'],
    [5_000, '5 s'],
    [59_999, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_660_000, '1 h 1 min'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('groups thousands, and minds the plural', () => {
    expect(count(1234567)).toBe('1,234,567');
    expect([many(0, 'line'), many(1, 'line'), many(2_000, 'line')]).toEqual(['0 lines', '1 line', '2,000 lines']);
  });
});
