import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

const turns = new Turns(['a', 'b'], 1_000, (target) => (target === 'a' ? 100 : 900));
const at = (...instants: number[]) => new Set(instants);

describe('turns', () => {
  it('lie at the offset of their target, once in an interval', () => {
    expect([...turns.instants('a', 5_000, 7_100)]).toEqual([5_100, 6_100]);
    expect([...turns.instants('a', 5_100, 7_101)]).toEqual([5_100, 6_100, 7_100]);
    expect([...turns.instants('b', 5_000, 7_000)]).toEqual([5_900, 6_900]);
    expect(turns.count(5_000, 7_100)).toBe(4);
  });

  it('are told by the time of a poll, which is theirs or later', () => {
    expect(turns.instantAt('a', 5_100)).toBe(5_100);
    expect(turns.instantAt('a', 6_099)).toBe(5_100);
    expect(turns.instantAt('b', 5_000)).toBe(4_900);
    expect(() => turns.instantAt('c', 5_000)).toThrow('there is no target c');
  });

  it('without a point are gaps, those in a row one', () => {
    const stored = new Map([['a', at(5_100, 8_100)]]);
    expect(turns.gaps(stored, 5_000, 10_000)).toEqual([
      { target: 'a', fromMs: 6_100, turns: 2 },
      { target: 'a', fromMs: 9_100, turns: 1 },
      { target: 'b', fromMs: 5_900, turns: 5 },
    ]);
    expect(turns.gaps(new Map([...stored, ['b', at(5_900)]]), 5_000, 6_000)).toEqual([]);
  });

  it('know what is not theirs', () => {
    const stored = new Map([
      ['a', at(5_100, 5_101)],
      ['c', at(5_100)],
    ]);
    expect(turns.strangers(stored)).toEqual(['a at 5101', 'c at 5100']);
  });

  it('that were polled more than once are told with who did', () => {
    const polls = [
      { target: 'a', by: 'one', atMs: 5_100 },
      { target: 'b', by: 'two', atMs: 5_901 },
      { target: 'a', by: 'two', atMs: 5_130 },
      { target: 'a', by: 'one', atMs: 6_100 },
    ];
    expect(turns.repeats(polls, new Map(), 5_000, 7_000)).toEqual([
      { target: 'a', instantMs: 5_100, by: ['one', 'two'] },
    ]);
    expect(turns.repeats(polls, new Map(), 5_101, 7_000)).toEqual([]);
  });

  it('were polled late, not the next ones twice, where they have a point and no poll', () => {
    const polls = [
      { target: 'a', by: 'one', atMs: 6_120 },
      { target: 'a', by: 'one', atMs: 6_130 },
    ];
    expect(turns.repeats(polls, new Map([['a', at(5_100, 6_100)]]), 5_000, 7_000)).toEqual([]);
    expect(turns.repeats(polls, new Map([['a', at(6_100)]]), 5_000, 7_000)).toHaveLength(1);
    const third = [...polls, { target: 'a', by: 'two', atMs: 6_140 }];
    expect(turns.repeats(third, new Map([['a', at(5_100, 6_100)]]), 5_000, 7_000)).toEqual([
      { target: 'a', instantMs: 6_100, by: ['one', 'two'] },
    ]);
  });
});
