import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const WALL = Date.UTC(1994, 10, 6, 8, 49, 30);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 1.5 ', 1_500],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['9999999999', 3_600_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 7_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 7_000],
    ['Sun Nov  6 08:49:37 1994', 7_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['Mon, 07 Nov 1994 08:49:37 GMT', 3_600_000],
  ])('%s is %i ms', (header, ms) => {
    expect(retryAfterMs(header, WALL)).toBe(ms);
  });

  it.each([
    undefined,
    '',
    '-1',
    '1e9',
    '12345678901',
    'soon',
    'Sun, 99 Foo 1994 08:49:37 GMT',
    `Sun, ${' '.repeat(100)}06 Nov 1994 08:49:37 GMT`,
    'NaN',
    'Infinity',
  ])('%s asks for nothing', (header) => {
    expect(retryAfterMs(header, WALL)).toBeUndefined();
  });
});
