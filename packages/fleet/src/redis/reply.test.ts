import { expect, it } from 'vitest';
import { isScriptReply } from './reply.js';

it.each([['text'], [''], [null], [0], [Number.MAX_SAFE_INTEGER], [[]], [['a', [1, [null]]]]])(
  'takes %j for an answer of a script',
  (value) => {
    expect(isScriptReply(value)).toBe(true);
  },
);

const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => [inner], 'x');

it.each([
  [undefined],
  [1.5],
  [2 ** 53],
  [Number.NaN],
  [1n],
  [{}],
  [Buffer.from('x')],
  [[['a', undefined]]],
  [deep],
  [new Error('x')],
])('does not take %s for one', (value) => {
  expect(isScriptReply(value)).toBe(false);
});
