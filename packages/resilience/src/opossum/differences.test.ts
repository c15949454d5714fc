import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DIFFERENCES, type Difference } from './differences.suite.js';
import { useVirtualTime } from './from-opossum.suite.js';
import { type History, randomHistory, trace } from './history.suite.js';
import { PlainBreaker } from './plain-breaker.suite.js';
import { OpossumSubject, OurSubject } from './subjects.suite.js';

const HISTORIES = 1_000;

interface Comparison {
  readonly history: History;
  readonly opossum: readonly string[];
  readonly ours: readonly string[];
}

async function compare(history: History): Promise<Comparison> {
  useVirtualTime();
  using subject = new OpossumSubject(history.settings);
  const opossum = await trace(history, subject);
  const ours = await trace(history, new OurSubject(history.settings));
  return { history, opossum, ours };
}

function plainTrace({ settings, steps }: History, rules: Iterable<Difference>): string[] {
  const plain = new PlainBreaker(settings, new Set(rules));
  return steps.map((step) => plain.take(step));
}

const same = (a: readonly string[], b: readonly string[]) => a.every((said, index) => said === b[index]);

/** Where a real breaker does what its picture does not, in words. */
function surprise(whose: string, { seed, steps }: History, real: readonly string[], picture: readonly string[]) {
  const at = real.findIndex((said, index) => said !== picture[index]);
  if (at === -1) return [];
  const step = JSON.stringify(steps[at]);
  return [`history ${seed}, step ${at}, ${step}: ${whose} says "${real[at]}", expected was "${picture[at]}"`];
}

/** The fewest of opossum's rules that make every step of the history what it was with opossum. */
function explain({ history, opossum }: Comparison): Difference[] {
  const needed = new Set<Difference>(DIFFERENCES);
  for (const rule of DIFFERENCES) {
    needed.delete(rule);
    if (!same(opossum, plainTrace(history, needed))) needed.add(rule);
  }
  return [...needed];
}

describe(`opossum and our breaker through the same ${HISTORIES} histories`, { timeout: 180_000 }, () => {
  const comparisons: Comparison[] = [];
  let differing: Comparison[];

  beforeAll(async () => {
    for (let seed = 1; seed <= HISTORIES; seed++) comparisons.push(await compare(randomHistory(seed)));
    differing = comparisons.filter(({ opossum, ours }) => !same(opossum, ours));
  }, 180_000);
  afterAll(() => void vi.useRealTimers());

  it('ours does what it says, with none of the differences', () => {
    const surprises = comparisons.flatMap(({ history, ours }) =>
      surprise('ours', history, ours, plainTrace(history, [])),
    );
    expect(surprises).toEqual([]);
  });

  it('opossum does what ours does but for the known differences: there is no other', () => {
    const surprises = comparisons.flatMap(({ history, opossum }) =>
      surprise('opossum', history, opossum, plainTrace(history, DIFFERENCES)),
    );
    expect(surprises).toEqual([]);
  });

  it('every history that went differently is explained by known differences, and each of these is seen', () => {
    const seen = new Map<Difference, number>(DIFFERENCES.map((difference) => [difference, 0]));
    for (const comparison of differing) {
      const explanation = explain(comparison);
      expect(explanation).not.toEqual([]);
      for (const difference of explanation) seen.set(difference, seen.get(difference)! + 1);
    }
    expect([...seen].filter(([, histories]) => histories === 0)).toEqual([]);
  });

  it('both kinds of history are among them: those that go alike, and those that do not', () => {
    expect(differing.length).toBeGreaterThan(HISTORIES / 2);
    expect(differing.length).toBeLessThan(HISTORIES);
  });
});
