import { setTimeout as pause } from 'node:timers/promises';
import { type FleetRig, startServer } from '@breakwater/testbed';
import { expect } from 'vitest';
import { type Effort, SLACK_MS, START_MS, seconds, startFleet, type Tell, takeover } from './fleet.suite.js';
import { moved, type Shares } from './shares.suite.js';
import {
  type Excuse,
  eventually,
  expectTurns,
  expectUnmoved,
  owned,
  shared,
  sharedAgain,
  takenOverMs,
} from './watch.suite.js';

/** Requests that a collector has on their way at once, with fifty turns a second that are answered in milliseconds. */
const ON_THEIR_WAY = 3;

/** Turns of one handover that may be polled again by who gets a target: those of a busy machine's round trip. */
const MOST_REPEATED = 5;

/** Until the others have all targets of one that is gone; with the time that took. */
async function takenOver(
  rig: FleetRig,
  share: ReadonlySet<string>,
  former: string,
  goneMs: number,
  withinMs: number,
): Promise<number> {
  const look = () => {
    const takenMs = takenOverMs(rig, share, former, goneMs);
    return takenMs === Number.NEGATIVE_INFINITY ? undefined : takenMs;
  };
  return (await eventually(look, withinMs, () => `not all of ${former}'s targets are polled by others`)) - goneMs;
}

/** `kill -9` of one after the other, each back after its targets were taken over: they move, and move back. */
async function killed(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs, kills, everyMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  for (const [by, share] of shares) expect(share.size, by).toSatisfy((size: number) => size > 70 && size < 130);
  expect(moved(shares, await owned(rig.collectors))).toBeUndefined();
  const fromMs = Date.now();
  const excuses: Excuse[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const [victim, name] = [rig.collectors[kill % 3]!, rig.pollers[kill % 3]!];
    const share = shares.get(name)!;
    const killedMs = Date.now();
    await victim.kill();
    excuses.push(takeover(effort, share, killedMs));
    const takeoverMs = await takenOver(rig, share, name, killedMs, leaseMs + intervalMs + SLACK_MS);
    await pause(everyMs / 2 - (Date.now() - killedMs));
    await victim.start();
    const startedMs = Date.now();
    const againMs = await sharedAgain(rig, shares, startedMs, leaseMs + 2 * intervalMs + SLACK_MS);
    expectUnmoved(rig, shares, killedMs, share);
    expect(moved(shares, await owned(rig.collectors))).toBeUndefined();
    // Since when a target is its own it knows to a round trip, and rather polls a turn again than not at all.
    excuses.push({ targets: share, fromMs: startedMs - intervalMs, toMs: againMs, turns: 0, mayRepeat: true });
    await tell(
      `${name} killed: its ${share.size} targets polled by others after ${seconds(takeoverMs)}; back: polled by it alone ${seconds(againMs - startedMs)} after it answered`,
    );
    await pause(everyMs - (Date.now() - killedMs));
  }
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  const missing = verdict.gaps.reduce((sum, { turns }) => sum + turns, 0);
  await tell(
    `${verdict.due} turns due, ${missing} without a point in ${verdict.gaps.length} gaps, the longest ${Math.max(0, ...verdict.gaps.map(({ turns }) => turns))}; ${verdict.repeats.length} polled twice`,
  );
  expect(verdict.repeats.length).toBeLessThanOrEqual(kills * MOST_REPEATED);
  expectTurns(verdict, excuses);
}

/** `kill -9`, and back before its lease is over. */
async function killedAndBackAtOnce(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = Date.now();
  const [victim, name] = [rig.collectors[0]!, rig.pollers[0]!];
  const killedMs = Date.now();
  await victim.kill();
  await victim.start();
  const startedMs = Date.now();
  const againMs = await sharedAgain(rig, shares, startedMs, leaseMs + 2 * intervalMs + SLACK_MS);
  expectUnmoved(rig, shares, killedMs, shares.get(name)!);
  await tell(
    `${name} answered ${seconds(startedMs - killedMs)} after its kill, and polled its targets ${seconds(againMs - killedMs)} after it`,
  );
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  expectTurns(verdict, [takeover(effort, shares.get(name)!, killedMs)]);
}

/** SIGSTOP past its lease, and SIGCONT: it polls nothing that others have taken, and gets it back. */
async function stoodStill(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs, awayMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = Date.now();
  const [victim, name] = [rig.collectors[1]!, rig.pollers[1]!];
  const share = shares.get(name)!;
  const stoppedMs = Date.now();
  victim.signal('SIGSTOP');
  const takeoverMs = await takenOver(rig, share, name, stoppedMs, leaseMs + intervalMs + SLACK_MS);
  await pause(awayMs - (Date.now() - stoppedMs));
  const wokenMs = Date.now();
  victim.signal('SIGCONT');
  const againMs = await sharedAgain(rig, shares, wokenMs, leaseMs + 2 * intervalMs + SLACK_MS);
  expectUnmoved(rig, shares, stoppedMs, share);
  await tell(
    `${name} stopped: taken over after ${seconds(takeoverMs)}; woken: polled its targets alone after ${seconds(againMs - wokenMs)}`,
  );
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  await tell(`${verdict.repeats.length} turns polled twice`);
  // A request that was on its way to the socket when it was stopped goes out when it goes on: nothing can hold it back.
  const onTheirWay = { targets: share, fromMs: wokenMs - intervalMs, toMs: wokenMs, turns: 0, mayRepeat: true };
  expect(verdict.repeats.length).toBeLessThanOrEqual(ON_THEIR_WAY);
  expectTurns(verdict, [takeover(effort, share, stoppedMs), onTheirWay], 1);
}

/** SIGTERM: the others take over at once. */
async function drained(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = Date.now();
  const [leaver, name] = [rig.collectors[2]!, rig.pollers[2]!];
  const share = shares.get(name)!;
  const toldMs = Date.now();
  const ended = leaver.end();
  const takeoverMs = await takenOver(rig, share, name, toldMs, 2 * intervalMs + SLACK_MS);
  expect(await ended).toBe(0);
  await pause(leaseMs);
  await leaver.start();
  const startedMs = Date.now();
  const againMs = await sharedAgain(rig, shares, startedMs, leaseMs + 2 * intervalMs + SLACK_MS);
  expectUnmoved(rig, shares, toldMs, share);
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  await tell(
    `${name} drained: its targets polled by others after ${seconds(takeoverMs)}; ${verdict.gaps.length} turns lost, ${verdict.repeats.length} polled twice`,
  );
  // Since when a target is its own each knows to a round trip, and rather polls a turn again than not at all.
  expect(verdict.repeats.length).toBeLessThanOrEqual(MOST_REPEATED);
  expectTurns(verdict, [{ targets: share, fromMs: toldMs - intervalMs, toMs: againMs, turns: 0, mayRepeat: true }]);
}

/** Two processes that were given one name: both go on, each with a share. */
async function namesakes(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  const env = (index: number) => ({ REPLICA_ID: index === 2 ? 'other' : 'twin' });
  await using rig = await startFleet(effort, () => redis.url, env);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = Date.now();
  await tell([...shares].map(([by, share]) => `${by} polls ${share.size}`).join(', '));
  await pause(3 * leaseMs);
  expectUnmoved(rig, shares, fromMs);
  const sizes = (each: Shares) => [...each.values()].map(({ size }) => size).sort();
  const owners = await owned(rig.collectors);
  expect([...owners.keys()].sort()).toEqual(['other', 'twin', expect.stringMatching(/^twin~/)]);
  expect(sizes(owners)).toEqual(sizes(shares));
  const pages = await Promise.all(rig.collectors.map((collector) => collector.text('/metrics')));
  expect(pages.filter((page) => /^fleet_superseded_total [1-9]/m.test(page))).toHaveLength(1);
  expectTurns(await rig.conclude(fromMs, Date.now() - intervalMs), []);
}

export const COLLECTOR_SCENARIOS = { killed, killedAndBackAtOnce, stoodStill, drained, namesakes } as const;
