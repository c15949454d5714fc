import { expect, it } from 'vitest';
import { table } from './table.js';
import { age, bytes, count, many, printable } from './units.js';

it('aligns columns, numbers to the right, without blanks at the end', () => {
  const columns = [
    { title: 'NAME', of: ([name]: readonly [string, number]) => name },
    { title: 'POINTS', align: 'right', of: ([, points]: readonly [string, number]) => count(points) },
    { title: 'NOTE', of: () => '' },
  ] as const;
  expect(
    table(columns, [
      ['a', 1],
      ['longer', 1_234_567],
    ]),
  ).toBe(['NAME       POINTS  NOTE', 'a               1', 'longer  1,234,567', ''].join('\n'));
  expect(table(columns, [])).toBe('NAME  POINTS  NOTE\n');
});

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1.0 KiB'],
  [1_572_864, '1.5 MiB'],
  [5 * 1_024 ** 4, '5.0 TiB'],
  [5_000 * 1_024 ** 4, '5000.0 TiB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

it.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [349_200_000, '4 d 1 h'],
])('%d ms are %s', (ms, text) => {
  expect(age(ms)).toBe(text);
});

it('shows words of others without what a terminal would obey', () => {
  expect(printable('red \u001b[31m\nnext\u202e')).toBe('red \\u{1b}[31m\\u{a}next\\u{202e}');
});

it('counts in words', () => {
  expect([many(1, 'line'), many(0, 'line'), many(1_000, 'line')]).toEqual(['1 line', '0 lines', '1,000 lines']);
});
