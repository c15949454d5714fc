import type { Context } from '@breakwater/resilience';
import type { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../probes/probe.js';
import { makeCollector } from './collector-rig.suite.js';
import { answersAfter, probeOf, targetOf } from './rig.suite.js';
import type { TargetStatus } from './status.js';

type Behaviour = (
  clock: VirtualClock,
  nowMs: number,
  index: number,
) => (context: Context) => Promise<readonly Reading[]>;

interface Population {
  readonly count: number;
  readonly behaviour: Behaviour;
}

const SLOTS = 50;
const INTERVAL_MS = 10_000;
const MINUTE = 60_000;
const NEVER_MS = 2_147_483_647;

const healthy: Behaviour = (clock) => answersAfter(clock, 20);
const hanging: Behaviour = (clock) => answersAfter(clock, NEVER_MS);
const hangsFrom =
  (fromMs: number): Behaviour =>
  (clock, nowMs) =>
    answersAfter(clock, nowMs < fromMs ? 20 : NEVER_MS);
/** Ten targets more each second that take 3 s to answer. */
const slowsDown: Behaviour = (clock, nowMs, index) => answersAfter(clock, nowMs < index * 100 ? 20 : 3_000);

/** Runs populations of targets side by side for a while, and says how the turns of each ended. */
async function simulate(populations: Readonly<Record<string, Population>>, durationMs: number) {
  const behaviours = new Map<string, { behaviour: Behaviour; index: number }>();
  const targets = Object.entries(populations).flatMap(([kind, { count, behaviour }]) =>
    Array.from({ length: count }, (_, index) => {
      const name = `${kind}-${index}`;
      behaviours.set(name, { behaviour, index });
      return targetOf(name, { intervalMs: INTERVAL_MS, timeoutMs: 5_000 });
    }),
  );
  let mostSlots = 0;
  let mostSlow = 0;
  const rig = makeCollector({
    slots: SLOTS,
    createProbe: ({ name }) =>
      probeOf((context) => {
        mostSlots = Math.max(mostSlots, rig.slots.inUse);
        mostSlow = Math.max(mostSlow, rig.slots.slowInUse);
        const { behaviour, index } = behaviours.get(name)!;
        return behaviour(rig.clock, rig.clock.now(), index)(context);
      }),
  });
  rig.collector.apply({ added: targets, changed: [], removed: [] });
  rig.collector.start();
  await rig.clock.advance(durationMs);
  const all = [...rig.collector.status()];
  const of = (kind: string) => all.filter(({ name }) => name.startsWith(`${kind}-`));
  return { rig, of, mostSlots, mostSlow };
}

/** Turns of these targets by outcome; outcomes that did not occur are left out. */
function outcomes(statuses: readonly TargetStatus[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { turns } of statuses) {
    for (const [outcome, count] of Object.entries(turns)) if (count > 0) sums[outcome] = (sums[outcome] ?? 0) + count;
  }
  return sums;
}

const longestDelay = (statuses: readonly TargetStatus[]) => Math.max(...statuses.map(({ last }) => last?.delayMs ?? 0));

describe('2,000 targets every 10 s in 50 slots', () => {
  it('of which 200 hang, and 200 more from the second minute on: the others miss no turn', async () => {
    const { rig, of, mostSlots, mostSlow } = await simulate(
      {
        well: { count: 1_600, behaviour: healthy },
        dead: { count: 200, behaviour: hanging },
        late: { count: 200, behaviour: hangsFrom(MINUTE) },
      },
      3 * MINUTE,
    );
    // Each has its 18 turns, but the last may still be under way.
    const well = outcomes(of('well'));
    expect(Object.keys(well)).toEqual(['up']);
    expect(well['up']).toBeGreaterThanOrEqual(1_600 * 18 - 20);
    expect(longestDelay(of('well'))).toBeLessThan(50);
    expect(mostSlots).toBeLessThanOrEqual(SLOTS);
    expect(mostSlow).toBeLessThanOrEqual(12);
    expect(rig.samples.pending).toBeLessThan(2_000);
    expect(rig.losses).toEqual([]);
    // None of those that hang is forgotten: each was given a whole run, and the circuits begin to open.
    for (const status of of('dead')) expect(status.turns.timeout + status.turns['slow-share-full']).toBeGreaterThan(5);
    for (const status of of('dead')) expect(status.turns.timeout).toBeGreaterThan(0);
  }, 120_000);

  it('of which 350 begin to hang within one interval: the others miss no turn', async () => {
    // 38 slots are never slow; 350 targets take a second each once, within ten seconds: 35 of them.
    const { of } = await simulate(
      { well: { count: 1_650, behaviour: healthy }, late: { count: 350, behaviour: hangsFrom(30_000) } },
      MINUTE,
    );
    expect(Object.keys(outcomes(of('well')))).toEqual(['up']);
  }, 120_000);

  it('of which 600 come to take 3 s, far more than there are slots for: the prompt miss no turn', async () => {
    const { of } = await simulate(
      { well: { count: 1_400, behaviour: healthy }, slow: { count: 600, behaviour: slowsDown } },
      2 * MINUTE,
    );
    expect(Object.keys(outcomes(of('well')))).toEqual(['up']);
    expect(longestDelay(of('well'))).toBeLessThan(1_100);
  }, 120_000);

  it('notices that a target which hung is well again, although 400 others go on hanging', async () => {
    const recovers: Behaviour = (clock, nowMs) => answersAfter(clock, nowMs < MINUTE ? NEVER_MS : 20);
    const { of } = await simulate(
      { dead: { count: 400, behaviour: hanging }, back: { count: 1, behaviour: recovers } },
      5 * MINUTE,
    );
    expect(of('back')[0]).toMatchObject({ state: 'up', slow: false });
  }, 120_000);

  it('of which 400 hang, and for two seconds all: the others are up again at their next turn', async () => {
    const blip: Behaviour = (clock, nowMs) =>
      answersAfter(clock, nowMs >= MINUTE && nowMs < MINUTE + 2_000 ? NEVER_MS : 20);
    const { of } = await simulate(
      { well: { count: 1_600, behaviour: blip }, dead: { count: 400, behaviour: hanging } },
      MINUTE + 32_000,
    );
    const well = of('well');
    expect(well.filter(({ state }) => state !== 'up')).toEqual([]);
    // What ran in those two seconds was lost, and hardly anything else.
    const { up = 0, ...lost } = outcomes(well);
    expect(Object.values(lost).reduce((sum, count) => sum + count, 0)).toBeLessThan((1_600 / 10) * 2 * 1.2);
    expect(up).toBeGreaterThan(1_600 * 8.5);
  }, 120_000);

  it('of which 400 hang, and for a minute all: the others are up again within two intervals', async () => {
    const outage: Behaviour = (clock, nowMs) =>
      answersAfter(clock, nowMs >= MINUTE && nowMs < 2 * MINUTE ? NEVER_MS : 20);
    const { of } = await simulate(
      { well: { count: 1_600, behaviour: outage }, dead: { count: 400, behaviour: hanging } },
      2 * MINUTE + 2 * INTERVAL_MS,
    );
    expect(of('well').filter(({ state }) => state !== 'up')).toEqual([]);
  }, 120_000);
});
