import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FleetRig } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { offsetOf } from '../../src/flow/offset.js';
import { expectTurns } from './watch.suite.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** What the scenarios with a fleet are held against: what these tests see, they would see. */
describe('collectors that know of no others', () => {
  it('take every turn of every target once, where there is one', async () => {
    await using rig = await FleetRig.start({ main: MAIN, offsetOf, collectors: 1 });
    await rig.collectors[0]!.start();
    await pause(3_000);
    const fromMs = await rig.begin();
    await pause(8_000);
    const verdict = await rig.conclude(fromMs, Date.now() - 2_000);
    expect(verdict.due).toBeGreaterThan(800);
    expectTurns(verdict, []);
  });

  it('poll everything twice where there are two, and nothing while both stand still', async () => {
    const intervalMs = 2_000;
    await using rig = await FleetRig.start({ main: MAIN, offsetOf, collectors: 2, targets: 30, intervalMs });
    for (const collector of rig.collectors) await collector.start();
    const pollers = () => new Set(rig.server.polls.map(({ target, by }) => `${target} by ${by}`)).size;
    await expect.poll(pollers).toBe(2 * 30);
    await pause(2 * intervalMs);
    const beforeMs = Date.now();
    for (const collector of rig.collectors) collector.signal('SIGSTOP');
    const stoodMs = Date.now();
    await pause(3 * intervalMs);
    for (const collector of rig.collectors) collector.signal('SIGCONT');
    await pause(intervalMs);
    const { gaps, repeats, strangers } = await rig.conclude(beforeMs - 2 * intervalMs, Date.now() - intervalMs);
    // One interval long, so that each target has one turn in it, however late this process wakes; over for an interval.
    const inTime = repeats.filter(({ instantMs }) => instantMs < beforeMs - intervalMs);
    expect(inTime).toHaveLength(30);
    expect(inTime.map(({ by }) => [...by].sort())).toEqual(inTime.map(() => ['collector-1', 'collector-2']));
    expect(new Set(gaps.map(({ target }) => target)).size).toBe(30);
    for (const { fromMs, turns } of gaps) {
      expect(turns).toBeGreaterThanOrEqual(2);
      // A turn between the two times may still have been taken: then the gap begins an interval after it.
      expect(fromMs).toBeGreaterThan(beforeMs - intervalMs);
      expect(fromMs).toBeLessThanOrEqual(stoodMs + intervalMs);
    }
    expect(strangers).toEqual([]);
  });
});
