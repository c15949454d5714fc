import { describe, expect, it } from 'vitest';
import { duration, instantNs, serverUrl, wholeNumber } from './values.js';

describe('an instant', () => {
  it.each([
    ['2026-01-02T03:04:05Z', 1_767_323_045_000_000_000n],
    ['2026-01-02T03:04:05.000000001Z', 1_767_323_045_000_000_001n],
    ['2026-01-02T03:04:05.5+01:00', 1_767_319_445_500_000_000n],
    ['1969-12-31T23:59:59.9Z', -100_000_000n],
    ['90s', 999_999_910_000_000_000n],
    ['7d', 999_395_200_000_000_000n],
  ])('%s', (text, ns) => {
    expect(instantNs('start', text, 1_000_000_000_000)).toBe(ns);
  });

  it.each(['', 'now', '2026-01-02', '2026-13-02T03:04:05Z', '2026-01-02T03:04:05', '1.5h', '-1h', '5'])(
    '%s is none',
    (text) => {
      expect(() => instantNs('start', text, 0)).toThrow('--start is ');
    },
  );
});

it('a duration is exact', () => {
  expect(duration('window', '1h')).toBe(3_600_000_000_000n);
  expect(duration('window', '250us')).toBe(250_000n);
});

it('a whole number is nothing else', () => {
  expect(wholeNumber('limit', undefined)).toBeUndefined();
  expect(wholeNumber('limit', '007')).toBe(7);
  for (const text of ['1e3', '-1', '9007199254740993', ' 1'])
    expect(() => wholeNumber('limit', text)).toThrow('--limit');
  expect(() => wholeNumber('slot', '0', 1)).toThrow('from 1 on');
});

it('a URL is normalised', () => {
  expect(serverUrl('to', 'HTTP://Collector:80/below/')).toBe('http://collector/below');
  for (const text of ['collector:8080', 'http://u@a', 'http://a?token=x', 'file:///a']) {
    expect(() => serverUrl('to', text)).toThrow('--to');
  }
});
