import type { Poll } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { moved, settledShares, sharesOf } from './shares.suite.js';

const INTERVAL_MS = 4_000;
const OFFSETS = new Map([0, 400, 800, 1_200, 1_600, 2_000, 2_400, 2_800, 3_200, 3_600].map((ms) => [`t-${ms}`, ms]));
const OWNERS = ['a', 'b', 'c'] as const;

const turns = {
  targets: [...OFFSETS.keys()],
  intervalMs: INTERVAL_MS,
  instantAt: (target: string, atMs: number) => {
    const offsetMs = OFFSETS.get(target)!;
    return Math.floor((atMs - offsetMs) / INTERVAL_MS) * INTERVAL_MS + offsetMs;
  },
};

/** Every turn from 0 on until then, polled on time by whoever has the target at that time. */
function polled(untilMs: number, ownerAt: (target: string, atMs: number) => string): Poll[] {
  const polls: Poll[] = [];
  for (let fromMs = 0; fromMs <= untilMs; fromMs += INTERVAL_MS) {
    for (const [target, offsetMs] of OFFSETS) {
      const atMs = fromMs + offsetMs;
      if (atMs <= untilMs) polls.push({ target, by: ownerAt(target, atMs), atMs });
    }
  }
  return polls;
}

const ownerOf = (target: string): string => OWNERS[turns.targets.indexOf(target) % OWNERS.length]!;
const TRUE = sharesOf(turns.targets.map((target) => ({ target, by: ownerOf(target) })));

/** What is wrong with what is told, looking as often as the tests do; undefined: nothing. */
function wrong(polls: readonly Poll[], untilMs: number): string | undefined {
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 50) {
    const shares = settledShares(turns, polls, OWNERS, nowMs);
    const words = shares && moved(TRUE, shares);
    if (words !== undefined) return `at ${nowMs} ms: ${words}`;
  }
  return undefined;
}

describe('who polls what', () => {
  // The first of three polls everything until the others are there, and its turns lie before theirs: no target has two.
  const startedApart = (leadMs: number) => (target: string, atMs: number) => (atMs < leadMs ? 'a' : ownerOf(target));

  it.each([800, 1_300, 2_500, 3_500])('is never told wrong where one began %i ms before the others', (leadMs) => {
    const polls = polled(30_000, startedApart(leadMs));
    expect(wrong(polls, 30_000)).toBeUndefined();
    expect(settledShares(turns, polls, OWNERS, leadMs + 3.5 * INTERVAL_MS + 50)).toEqual(TRUE);
  });

  it('is never told wrong where one was away for a moment', () => {
    const away = (target: string, atMs: number) =>
      ownerOf(target) === 'a' && atMs >= 16_100 && atMs < 17_700 ? 'b' : ownerOf(target);
    const polls = polled(40_000, away);
    expect(wrong(polls, 40_000)).toBeUndefined();
    expect(settledShares(turns, polls, OWNERS, 19_000)).toBeUndefined();
    expect(settledShares(turns, polls, OWNERS, 32_000)).toEqual(TRUE);
  });

  it('is told where a turn of a target is missed', () => {
    const polls = polled(30_000, ownerOf).filter(({ target, atMs }) => target !== 't-800' || atMs !== 24_800);
    expect(wrong(polls, 30_000)).toBeUndefined();
    for (const nowMs of [24_000, 26_000, 28_000, 30_000]) {
      expect(settledShares(turns, polls, OWNERS, nowMs)).toEqual(TRUE);
    }
  });

  it('is not told while somebody is missing, or somebody else polls', () => {
    const polls = polled(30_000, ownerOf);
    expect(settledShares(turns, polls, ['a', 'b'], 30_000)).toBeUndefined();
    expect(settledShares(turns, polls, [...OWNERS, 'd'], 30_000)).toBeUndefined();
    const twice = [...polls, { target: 't-0', by: 'b', atMs: 29_000 }];
    expect(settledShares(turns, twice, OWNERS, 30_000)).toBeUndefined();
  });

  it('says which targets moved, from whom to whom', () => {
    const shares = new Map([
      ['a', new Set(['t-1', 't-2'])],
      ['b', new Set(['t-3'])],
    ]);
    expect(moved(shares, new Map([...shares].reverse()))).toBeUndefined();
    const now = new Map([
      ['a', new Set(['t-1'])],
      ['b', new Set(['t-1', 't-3'])],
    ]);
    expect(moved(shares, now)).toBe(
      '2 targets moved (a polls 2, b polls 1; now a polls 1, b polls 2): t-1 from a to a and b, t-2 from a to nobody',
    );
  });
});
