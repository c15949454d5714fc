import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Range, Ranges } from './ranges.js';

const TOP = 7;

function compare(ranges: Ranges, plain: ReadonlySet<number>, top: number): void {
  const numbers = Array.from({ length: top + 2 }, (_, value) => value);
  const flat = (parts: Iterable<Range>) =>
    [...parts].flatMap(([from, to]) => numbers.filter((value) => value >= from && value <= to));
  for (const value of numbers) {
    expect(ranges.has(value)).toBe(plain.has(value));
    expect(ranges.next(value)).toBe(numbers.find((other) => other >= value && plain.has(other)));
    expect(ranges.nextGap(value)).toBe(numbers.find((other) => other >= value && !plain.has(other)));
  }
  const inside = (from: number, to: number) => numbers.filter((value) => value >= from && value <= to);
  for (const from of [0, 2, Math.floor(top / 2)]) {
    for (const to of [from - 1, from, top - 1, top]) {
      expect(flat(ranges.within(from, to))).toEqual(inside(from, to).filter((value) => plain.has(value)));
      expect(flat(ranges.gapsWithin(from, to))).toEqual(inside(from, to).filter((value) => !plain.has(value)));
    }
  }
  const starts = numbers.filter((value) => plain.has(value) && !plain.has(value - 1));
  expect(ranges.size).toBe(starts.length);
  expect([...ranges.within(0, top)].map(([from]) => from)).toEqual(starts);
}

describe('ranges and a plain set', () => {
  it('agree after every change of every set of small numbers', () => {
    for (let bits = 0; bits < 1 << TOP; bits++) {
      const members = Array.from({ length: TOP }, (_, value) => value).filter((value) => bits & (1 << value));
      for (let from = 0; from < TOP; from++) {
        for (let to = from - 1; to < TOP; to++) {
          for (const change of ['add', 'remove'] as const) {
            const ranges = new Ranges(members.map((value) => [value, value]));
            const plain = new Set(members);
            ranges[change](from, to);
            for (let value = from; value <= to; value++) change === 'add' ? plain.add(value) : plain.delete(value);
            expect([...ranges.within(0, TOP)].flatMap(([low, high]) => numbersOf(low, high))).toEqual(
              [...plain].sort((a, b) => a - b),
            );
            expect(ranges.size).toBe([...plain].filter((value) => !plain.has(value - 1)).length);
          }
        }
      }
    }
  });

  it('agree on every question after any changes', () => {
    const change = fc.record({ add: fc.boolean(), from: fc.nat(40), length: fc.nat(12) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const ranges = new Ranges();
        const plain = new Set<number>();
        for (const { add, from, length } of changes) {
          const to = from + length - 1;
          if (add) ranges.add(from, to);
          else ranges.remove(from, to);
          for (const value of numbersOf(from, to)) add ? plain.add(value) : plain.delete(value);
        }
        compare(ranges, plain, 54);
      }),
    );
  });
});

const numbersOf = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => from + offset);
