import fc from 'fast-check';
import { ObjectType, type Varbind } from 'net-snmp';
import { describe, expect, it } from 'vitest';
import { compareIndexes, TableWalk } from './table-walk.js';

const ENTRY = '1.3.6.1.2.1.2.2.1';
const cell = (oid: string, value = 0): Varbind => ({ oid, type: ObjectType.Integer, value });
const end = (oid: string): Varbind => ({ oid, type: ObjectType.EndOfMibView, value: null });

/** An agent's answer to GetBulk, cut off after `most` varbinds as RFC 3416 allows, in the form that net-snmp gives. */
function answer(mib: readonly string[], asked: readonly string[], repetitions: number, most = Infinity): Varbind[][] {
  const lists: Varbind[][] = asked.map(() => []);
  let given = 0;
  let cursors = [...asked];
  for (let round = 0; round < repetitions; round++) {
    cursors = cursors.map((cursor, at) => {
      const next = mib.find((oid) => compareIndexes(oid, cursor) > 0);
      if (given++ < most) lists[at]!.push(next === undefined ? end(cursor) : cell(next));
      return next ?? cursor;
    });
  }
  return lists;
}

/** Every oid of a table with these columns and rows, and what follows it in the MIB. */
const mibOf = (columns: readonly number[], rows: readonly number[]): string[] =>
  [...columns.flatMap((column) => rows.map((row) => `${ENTRY}.${column}.${row}`)), '1.3.6.1.2.1.2.3.0'].sort(
    compareIndexes,
  );

describe('TableWalk', () => {
  it('walks every cell of the columns, however answers are cut off', () => {
    const rows = fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 30 });
    const columns = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        rows,
        columns,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (shown, asked, repetitions, most) => {
          const mib = mibOf([...asked, 31], shown);
          const walk = new TableWalk<number>('sw1', ENTRY, asked, 1_000);
          let steps = 0;
          while (!walk.done) {
            expect(++steps).toBeLessThan(500);
            walk.take(answer(mib, walk.next(), repetitions, most), steps);
          }
          expect([...walk.rows.keys()].map(Number).sort((a, b) => a - b)).toEqual(shown.sort((a, b) => a - b));
          for (const [index, row] of walk.rows) {
            expect([...row.keys()].sort()).toEqual([...asked].sort());
            for (const [column, { varbind }] of row) expect(varbind.oid).toBe(`${ENTRY}.${column}.${index}`);
          }
        },
      ),
    );
  });

  it('stamps a cell with the answer that it came in', () => {
    const mib = mibOf([1], [1, 2, 3]);
    const walk = new TableWalk<string>('sw1', ENTRY, [1], 10);
    walk.take(answer(mib, walk.next(), 2), 'first');
    walk.take(answer(mib, walk.next(), 2), 'second');
    expect([...walk.rows.values()].map((row) => row.get(1)!.stamp)).toEqual(['first', 'first', 'second']);
  });

  it('takes holes in a column for what they are', () => {
    const mib = [`${ENTRY}.1.1`, `${ENTRY}.1.2`, `${ENTRY}.1.3`, `${ENTRY}.2.2`, '1.3.7'];
    const walk = new TableWalk<number>('sw1', ENTRY, [1, 2], 10);
    while (!walk.done) walk.take(answer(mib, walk.next(), 10), 0);
    expect([...walk.rows].map(([index, row]) => [index, [...row.keys()]])).toEqual([
      ['1', [1]],
      ['2', [1, 2]],
      ['3', [1]],
    ]);
  });

  it('ends at once where there is no such table', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1, 2], 10);
    walk.take(answer(['1.3.7'], walk.next(), 10), 0);
    expect(walk.done).toBe(true);
    expect(walk.rows.size).toBe(0);
  });

  it('does not take column 10 for column 1', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1], 10);
    walk.take([[cell(`${ENTRY}.10.1`)]], 0);
    expect(walk.rows.size).toBe(0);
  });

  it.each([
    ['repeats itself', ['1', '2', '2']],
    ['goes back', ['1', '3', '2']],
    ['goes back by number, not by text', ['9', '10', '9']],
  ])('refuses an agent that %s', (_how, indexes) => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1], 10);
    expect(() => walk.take([indexes.map((index) => cell(`${ENTRY}.1.${index}`))], 0)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('oids that do not grow') }),
    );
  });

  it('refuses an agent that answers a later question with an earlier row', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1], 10);
    walk.take([[cell(`${ENTRY}.1.5`)]], 0);
    expect(() => walk.take([[cell(`${ENTRY}.1.5`)]], 1)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  it('refuses an agent that answers nothing', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1, 2], 10);
    expect(() => walk.take([[], undefined], 0)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  it('refuses a table that is too large, in the middle of an answer', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1], 2);
    const rows = [1, 2, 3].map((index) => cell(`${ENTRY}.1.${index}`));
    expect(() => walk.take([rows], 0)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  it('asks first for the column that lags behind', () => {
    const walk = new TableWalk<number>('sw1', ENTRY, [1, 2, 3], 10);
    walk.take([[cell(`${ENTRY}.1.1`)], [cell(`${ENTRY}.2.1`)], []], 0);
    expect(walk.next()).toEqual([`${ENTRY}.3`, `${ENTRY}.1.1`, `${ENTRY}.2.1`]);
  });
});

describe('compareIndexes', () => {
  it('orders as agents do', () => {
    const ordered = ['', '1', '1.1', '1.2', '1.10', '2', '10'];
    expect([...ordered].sort(() => -1).sort(compareIndexes)).toEqual(ordered);
    for (const index of ordered) expect(compareIndexes(index, index)).toBe(0);
  });
});
