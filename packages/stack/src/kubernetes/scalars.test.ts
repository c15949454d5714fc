import { expect, it } from 'vitest';
import { quantityOf, wrongPort, wrongQuantity } from './scalars.js';

it.each([
  ['250m', 0.25],
  ['2', 2],
  [2, 2],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1e3', 1000],
  ['1E', 1e18],
  ['.5', 0.5],
  ['12k', 12_000],
  ['30s', undefined],
  ['5GB', undefined],
  ['', undefined],
  ['Gi', undefined],
])('%s is %s', (text, value) => {
  expect(quantityOf(text)).toBe(value);
  expect(wrongQuantity(text) === undefined).toBe(value !== undefined);
});

it.each([
  ['http', undefined],
  [8080, undefined],
  [0, 'is no port'],
  ['8080', 'is a number in quotes'],
  ['metrics-and-more', 'is no name of a port'],
  ['-x', 'is no name of a port'],
])('port %s: %s', (value, what) => {
  expect(wrongPort(value, 'targetPort')?.what).toBe(what);
});
