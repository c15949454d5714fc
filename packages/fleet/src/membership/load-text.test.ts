import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Load } from './load.js';
import { loadText, readLoad } from './load-text.js';

const figure = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })
  .map((value) => Number(value.toPrecision(6)) + 0);
const load = fc.record(
  {
    cpu: figure,
    memory: figure,
    eventLoopLagMs: figure,
    activeConnections: figure,
    throughput: figure,
    p95Ms: figure,
    queueDepth: figure,
    consumerLag: figure,
    more: fc.dictionary(fc.stringMatching(/^[a-z ".\n,;=%é😀]{1,32}$/u), figure, { minKeys: 1, maxKeys: 16 }),
  },
  { requiredKeys: [] },
);

it('reads what it wrote, in one word', () => {
  fc.assert(
    fc.property(load, (load) => {
      const text = loadText(load as Load);
      expect(text).not.toMatch(/\s/);
      expect(readLoad(`before ${text}`, 7)).toEqual(readLoad(text));
      expect(readLoad(text)).toEqual({ ...load, ...(load.more && { more: { ...load.more } }) });
    }),
  );
});

it('writes no figure that is none, six digits of those that are, and sixteen others at most', () => {
  expect(loadText({})).toBe('');
  expect(loadText({ cpu: Number.NaN, memory: 1 / 3, p95Ms: Number.POSITIVE_INFINITY })).toBe(',0.333333');
  const more = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`n${index}`, index]));
  expect(Object.keys(readLoad(loadText({ more: { ...more, ['x'.repeat(65)]: 1 } }))!.more!)).toHaveLength(16);
});

it('reads nothing else, and passes over what a later version appends', () => {
  for (const text of [
    '!',
    '{}',
    '1,x',
    '1 2',
    '--1',
    '1.2.3',
    '.',
    '-',
    '1e',
    '1=2',
    ';',
    ';a',
    ';a=',
    ';=x',
    ';a=1;',
    ';%=1',
    ';a=1,2',
  ])
    expect(readLoad(text), text).toBeUndefined();
  expect(readLoad(`${'1,'.repeat(9_000)}1`)).toBeUndefined();
  expect(readLoad(Array.from({ length: 17 }, (_, index) => `;n${index}=1`).join(''))).toBeUndefined();
  expect(readLoad(`;${'x'.repeat(65)}=1`)).toBeUndefined();
  expect(readLoad('0.5,,,,,,,,7,8')).toEqual({ cpu: 0.5 });
  expect(readLoad('12345678901234567890,1e+21,-1.5e-7')).toEqual({
    cpu: 12345678901234567000,
    memory: 1e21,
    eventLoopLagMs: -1.5e-7,
  });
  expect(readLoad('')).toEqual({});
});

it('takes no name for the one that came before in its place', () => {
  for (const name of ['rooms', 'room', 'roomsy', 'rooms'])
    expect(readLoad(`1;${name}=2;rooms2=3`)).toEqual({ cpu: 1, more: { [name]: 2, rooms2: 3 } });
});

it('survives whatever it is given', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-0-9.,;=ae%]{0,40}$/)), (text) => void readLoad(text)),
  );
});
