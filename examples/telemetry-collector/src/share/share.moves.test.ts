import { settle } from '@breakwater/resilience/testing';
import { expect, it } from 'vitest';
import { makeCollector } from '../flow/collector-rig.suite.js';
import { answersAfter, fails, probeOf, targetOf } from '../flow/rig.suite.js';
import { Share } from './share.js';

const TARGETS = Array.from({ length: 100 }, (_, index) =>
  targetOf(`t-${index}`, { intervalMs: 1_000, timeoutMs: 500 }),
);

it('keeps nothing of targets that came and went ten times, some with open circuits, some in the middle of a turn', async () => {
  let open = 0;
  const rig = makeCollector({
    slots: 500,
    breaker: { failureThreshold: 2 },
    createProbe: ({ name }) => {
      open++;
      const run = name.endsWith('7') ? fails('refused', 'nothing listens there') : answersAfter(rig.clock, 450);
      return { ...probeOf(run), close: () => void open-- };
    },
  });
  const { collector, clock, breaker } = rig;
  const share = new Share({ collector, self: { id: 'a' }, clock });
  share.apply({ added: TARGETS, changed: [], removed: [] });
  collector.start();
  const { signal } = new AbortController();
  const tell = async (...ids: string[]) => {
    const told = share.onStanding({ standing: { kind: 'member', ids }, sinceMs: clock.wall() }, signal);
    for (let step = 0; step < 6; step++) await clock.advance(100);
    await told;
    await settle();
  };
  for (let move = 0; move < 10; move++) {
    await tell('a');
    await clock.advance(2_500 + 37 * (move % 20));
    expect([collector.size, breaker.counts().open]).toEqual([100, 10]);
    const reloaded = TARGETS.slice(move, move + 20).map((target) => ({ ...target }));
    share.apply({ added: [], changed: reloaded, removed: [] });
    await tell('a', 'b');
    const mine = TARGETS.filter(({ name }) => share.ownerOf(name)?.mine).length;
    expect([collector.size, open, mine > 30 && mine < 70]).toEqual([mine, mine, true]);
  }
  await tell('b');
  expect([collector.size, collector.underWay, open, rig.breaker.counts()]).toEqual([
    0,
    0,
    0,
    { ...rig.breaker.counts(), closed: 0, open: 0, 'half-open': 0 },
  ]);
  await collector.drain(1_000);
}, 60_000);
