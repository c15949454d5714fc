import { expect, it } from 'vitest';
import { ANY_LABELS, clash, NO_LABELS } from './label-set.js';

const set = NO_LABELS.with('job', { presence: 'always', values: ['a', 'b'] }).with('pod', {
  presence: 'sometimes',
  values: 'any',
});

it('tells what is there, may be there, and is not', () => {
  expect(set.of('job').presence).toBe('always');
  expect(set.of('pod').presence).toBe('sometimes');
  expect(set.of('host').presence).toBe('never');
  expect(ANY_LABELS.of('host').presence).toBe('sometimes');
  expect(ANY_LABELS.without(['host']).of('host').presence).toBe('never');
});

it('keeps only what it is told to', () => {
  const only = ANY_LABELS.with('job', { presence: 'always', values: 'any' }).only(['job', 'host']);
  expect(only.of('host').presence).toBe('sometimes');
  expect(only.of('pod').presence).toBe('never');
});

it('knows of either of two what both have', () => {
  const either = set.or(NO_LABELS.with('job', { presence: 'always', values: ['c'] }));
  expect(either.of('job')).toEqual({ presence: 'always', values: ['a', 'b', 'c'] });
  expect(set.or(NO_LABELS).of('job').presence).toBe('sometimes');
});

it('knows of two that agree what one of them has', () => {
  const other = ANY_LABELS.with('job', { presence: 'always', values: ['b', 'c'] });
  expect(set.and(other, () => true).of('job')).toEqual({ presence: 'always', values: ['b'] });
  expect(set.and(other, () => false).of('job').values).toEqual(['a', 'b']);
});

it.each([
  ['always', ['a'], 'always', ['b'], 'values'],
  ['always', ['a'], 'always', ['a', 'b'], undefined],
  ['always', 'any', 'always', ['a'], undefined],
  ['always', 'any', 'never', [], 'missing-right'],
  ['never', [], 'always', 'any', 'missing-left'],
  ['sometimes', 'any', 'never', [], undefined],
  ['never', [], 'never', [], undefined],
] as const)('%s %j and %s %j: %s', (p, v, q, w, expected) => {
  expect(clash({ presence: p, values: v }, { presence: q, values: w })).toBe(expected);
});
