import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eachRecord } from './record-list.js';

function read(list: string): { records: string[]; units: string[] } {
  const [records, units]: [string[], string[]] = [[], []];
  eachRecord(list, (text, all, start, end) => {
    records.push(text.slice(start, end));
    units.push(String.fromCharCode(...all.subarray(start, end)));
  });
  return { records, units };
}

it('visits each string of a list, and its code units, whatever they hold', () => {
  const plain = fc.constantFrom('a', '1', ' ', '-', ',', '[', ']', '{');
  const any = fc.constantFrom('a', ' ', '"', '\\', '\n', '/', 'é', '😀', '\ud800');
  const listOf = (unit: fc.Arbitrary<string>) => fc.array(fc.string({ unit, maxLength: 6 }), { maxLength: 5 });
  const records = fc.oneof(listOf(plain), listOf(any), listOf(fc.constantFrom('a', 'é', '😀')));
  fc.assert(
    fc.property(records, (records) => {
      expect(read(JSON.stringify(records))).toEqual({ records, units: records });
    }),
  );
});

it('takes the empty object, which Lua makes of an empty list, and an empty list for none', () => {
  expect(read('{}').records).toEqual([]);
  expect(read('[]').records).toEqual([]);
});
