import { expect, it } from 'vitest';
import { closest } from './closest.js';

const NAMES = ['from', 'to', 'lane', 'limit', 'quarantined', 'gzip'];

it.each([
  ['form', 'from'],
  ['lanes', 'lane'],
  ['limt', 'limit'],
  ['quarantine', 'quarantined'],
  ['gz', 'gzip'],
  ['xyzzy', undefined],
  ['o', 'to'],
  ['x'.repeat(10_000), undefined],
])('%s → %s', (word, name) => {
  expect(closest(word, NAMES)).toBe(name);
});
