import { setTimeout as pause } from 'node:timers/promises';
import { type FleetRig, startServer } from '@breakwater/testbed';
import { expect } from 'vitest';
import {
  type Effort,
  handedBack,
  mostRepeated,
  SLACK_MS,
  START_MS,
  seconds,
  startFleet,
  type Tell,
  takeover,
} from './fleet.suite.js';
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

/**
 * The targets with a turn that was on its way when their poller was stopped: it fell due before, and its poll has not come.
 */
function onTheirWay(rig: FleetRig, share: ReadonlySet<string>, name: string, stoppedMs: number): Set<string> {
  const { turns, server } = rig;
  const polls = server.since(stoppedMs - turns.intervalMs).filter(({ by }) => by === name);
  const came = new Set(
    polls.filter(({ target, atMs }) => atMs >= turns.instantAt(target, stoppedMs)).map(({ target }) => target),
  );
  return new Set([...share].filter((target) => !came.has(target)));
}

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
  const fromMs = await rig.begin();
  const excuses: Excuse[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const [victim, name] = [rig.collectors[kill % 3]!, rig.pollers[kill % 3]!];
    const share = shares.get(name)!;
    await rig.keepCounts(kill % 3);
    const killedMs = Date.now();
    await victim.kill();
    excuses.push(takeover(effort, share, killedMs, Date.now()));
    const takeoverMs = await takenOver(rig, share, name, killedMs, leaseMs + intervalMs + SLACK_MS);
    await pause(everyMs / 2 - (Date.now() - killedMs));
    const bornMs = Date.now();
    await victim.start();
    const startedMs = Date.now();
    const againMs = await sharedAgain(rig, shares, startedMs, leaseMs + 2 * intervalMs + SLACK_MS);
    expectUnmoved(rig, shares, killedMs, share);
    expect(moved(shares, await owned(rig.collectors))).toBeUndefined();
    excuses.push(handedBack(effort, share, bornMs, againMs));
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
  const most = [...shares.values()].map((share) => mostRepeated(share, verdict));
  expect(verdict.repeats.length).toBeLessThanOrEqual(kills * Math.max(...most));
  expectTurns(verdict, excuses);
}

/** `kill -9`, and back before its lease is over. */
async function killedAndBackAtOnce(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = await rig.begin();
  const [victim, name] = [rig.collectors[0]!, rig.pollers[0]!];
  const share = shares.get(name)!;
  await rig.keepCounts(0);
  const killedMs = Date.now();
  await victim.kill();
  const goneMs = Date.now();
  await victim.start();
  const startedMs = Date.now();
  const againMs = await sharedAgain(rig, shares, startedMs, leaseMs + 2 * intervalMs + SLACK_MS);
  expectUnmoved(rig, shares, killedMs, share);
  await tell(
    `${name} answered ${seconds(startedMs - killedMs)} after its kill, and polled its targets ${seconds(againMs - killedMs)} after it`,
  );
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  expect(verdict.repeats.length).toBeLessThanOrEqual(mostRepeated(share, verdict));
  // A slow machine may not have it back before its lease is over: then others have its targets meanwhile.
  expectTurns(verdict, [takeover(effort, share, killedMs, goneMs), handedBack(effort, share, goneMs, againMs)]);
}

/** SIGSTOP past its lease, and SIGCONT: it polls nothing that others have taken, and gets it back. */
async function stoodStill(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs, awayMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = await rig.begin();
  const [victim, name] = [rig.collectors[1]!, rig.pollers[1]!];
  const share = shares.get(name)!;
  await rig.keepCounts(1);
  const stoppedMs = Date.now();
  victim.signal('SIGSTOP');
  const stoodMs = Date.now();
  const takeoverMs = await takenOver(rig, share, name, stoppedMs, leaseMs + intervalMs + SLACK_MS);
  await pause(awayMs - (Date.now() - stoppedMs));
  const late = onTheirWay(rig, share, name, stoodMs);
  const wokenMs = Date.now();
  victim.signal('SIGCONT');
  await rig.countAnew(1);
  const againMs = await sharedAgain(rig, shares, wokenMs, leaseMs + 2 * intervalMs + SLACK_MS);
  expectUnmoved(rig, shares, stoppedMs, share);
  await tell(
    `${name} stopped: taken over after ${seconds(takeoverMs)}; woken: polled its targets alone after ${seconds(againMs - wokenMs)}`,
  );
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  await tell(`${verdict.repeats.length} turns polled twice, ${late.size} on their way when it was stopped`);
  expect(verdict.repeats.length).toBeLessThanOrEqual(late.size + mostRepeated(share, verdict));
  expectTurns(verdict, [
    takeover(effort, share, stoppedMs, stoodMs),
    // A request that was on its way to the socket when it was stopped goes out when it goes on: nothing can hold it back.
    { targets: late, fromMs: wokenMs - intervalMs, toMs: wokenMs, turns: 0, mayRepeat: true },
    { ...handedBack(effort, share, wokenMs, againMs), fromMs: wokenMs },
  ]);
}

/** SIGTERM: the others take over at once. */
async function drained(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = await rig.begin();
  const [leaver, name] = [rig.collectors[2]!, rig.pollers[2]!];
  const share = shares.get(name)!;
  await rig.keepCounts(2);
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
  // It is handed over twice.
  expect(verdict.repeats.length).toBeLessThanOrEqual(2 * mostRepeated(share, verdict));
  expectTurns(verdict, [handedBack(effort, share, toldMs, againMs)]);
}

/** Two processes that were given one name: both go on, each with a share. */
async function namesakes(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  const env = (index: number) => ({ REPLICA_ID: index === 2 ? 'other' : 'twin' });
  await using rig = await startFleet(effort, () => redis.url, env);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = await rig.begin();
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
