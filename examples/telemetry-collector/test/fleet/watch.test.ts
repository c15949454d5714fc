import type { FleetVerdict } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { type Excuse, expectTurns } from './watch.suite.js';

const VERDICT: FleetVerdict = {
  due: 1_000,
  gaps: [],
  repeats: [],
  strangers: [],
  targets: 10,
  intervalMs: 1_000,
  counts: [],
  slowestBeatMs: 5,
};
const EXCUSE: Excuse = { targets: new Set(['a']), fromMs: 5_000, toMs: 8_000, turns: 2 };
const gap = (target: string, fromMs: number, turns: number) => ({ gaps: [{ target, fromMs, turns }] });
const judging = (verdict: Partial<FleetVerdict>, ...excuses: Excuse[]) => {
  return () => expectTurns({ ...VERDICT, ...verdict }, excuses);
};

describe('what is expected of turns', () => {
  it('is a point of each, but for so many as are excused', () => {
    expect(judging({})).not.toThrow();
    expect(judging(gap('a', 6_000, 2), EXCUSE)).not.toThrow();
    expect(judging(gap('a', 6_000, 2))).toThrow('1 gaps');
    expect(judging(gap('b', 6_000, 2), EXCUSE)).toThrow('1 gaps');
    expect(judging(gap('a', 5_000, 3), EXCUSE)).toThrow('excess: 1,');
    expect(judging(gap('a', 7_000, 2), EXCUSE)).toThrow('excess: 1,');
  });

  const missed = (turns: number, stalledMs = 0) => ({ counts: [{ missed: turns, stalledMs }] });

  it('or that who got no time for it counted it, also where it follows what is excused', () => {
    expect(judging({ ...gap('a', 5_000, 3), ...missed(1) }, EXCUSE)).not.toThrow();
    expect(judging({ ...gap('a', 4_000, 4), ...missed(2) }, EXCUSE)).not.toThrow();
    expect(judging({ ...gap('a', 4_000, 5), ...missed(2) }, EXCUSE)).toThrow('excess: 1,');
    expect(judging({ ...gap('b', 4_000, 11), ...missed(20) }, EXCUSE)).toThrow('excess: 1,');
    expect(judging({ ...gap('b', 4_000, 11), ...missed(20, 100) }, EXCUSE)).not.toThrow();
    expect(judging({ ...gap('b', 4_000, 11), ...missed(10, 100) }, EXCUSE)).toThrow('excess: 1,');
  });

  it('is one poll of each, but where it may be polled again', () => {
    const repeats = (target: string, instantMs: number) => ({ repeats: [{ target, instantMs, by: ['x', 'y'] }] });
    const mayRepeat = { ...EXCUSE, mayRepeat: true };
    expect(judging(repeats('a', 7_999), mayRepeat)).not.toThrow();
    expect(judging(repeats('a', 7_999), EXCUSE)).toThrow('1 turns polled twice');
    expect(judging(repeats('a', 8_000), mayRepeat)).toThrow('1 turns polled twice');
    expect(judging(repeats('b', 7_999), mayRepeat)).toThrow('1 turns polled twice');
  });

  it('is no point of anything else', () => {
    expect(judging({ strangers: ['c at 5000'] })).toThrow('c at 5000');
  });
});
