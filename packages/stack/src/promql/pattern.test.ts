import { expect, it } from 'vitest';
import { isPattern, matchesPattern, wordsOf } from './pattern.js';

it.each([
  ['a|b', 'a', true],
  ['a|b', 'ab', false],
  ['5..', '503', true],
  ['5..', '5030', false],
  ['.*', '', true],
  ['.+', '', false],
  ['(?i)up', 'UP', true],
  ['(?P<x>a)', 'a', true],
  ['a\\-b', 'a-b', true],
  ['.*', 'two\nlines', true],
])('%s matches %j: %s', (pattern, value, expected) => {
  expect(matchesPattern(pattern, value)).toBe(expected);
});

it.each(['(', '[a', '*a'])('%s is no pattern', (pattern) => {
  expect(isPattern(pattern)).toBe(false);
});

it.each([
  ['a|b', ['a', 'b']],
  ['(a|b)', ['a', 'b']],
  ['(?:half-open|open)', ['half-open', 'open']],
  ['a\\.b', ['a.b']],
  ['a.b', undefined],
  ['a.*|b', undefined],
  ['5xx', ['5xx']],
  ['', ['']],
])('%s stands for the words %j', (pattern, words) => {
  expect(wordsOf(pattern)).toEqual(words);
});
