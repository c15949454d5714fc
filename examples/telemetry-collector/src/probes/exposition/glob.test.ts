import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from './glob.js';

describe('matchesGlob', () => {
  it.each([
    ['node_load1', 'node_load1', true],
    ['node_load1', 'node_load15', false],
    ['node_load15', 'node_load1', false],
    ['node_network_*_bytes_total', 'node_network_receive_bytes_total', true],
    ['node_network_*_bytes_total', 'node_network_bytes_total', false],
    ['*_total', 'a_total_total', true],
    ['*_total', 'a_total_sum', false],
    ['*a*b', 'xaxxbxb', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a', '', false],
    ['**', 'a', true],
    ['a.c', 'abc', false],
  ])('%s on %s is %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });

  it('agrees with a regular expression of the same meaning', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const regex = new RegExp(`^${glob.replace(/\*/g, '.*')}$`);
        expect(matchesGlob(glob, name)).toBe(regex.test(name));
      }),
    );
  });

  it('needs no more than the product of both lengths, where a regular expression would not end', () => {
    expect(matchesGlob(`${'a*'.repeat(30)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});
