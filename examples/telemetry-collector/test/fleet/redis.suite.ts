import { setTimeout as pause } from 'node:timers/promises';
import { type FleetVerdict, type RunningServer, startServer, type TcpProxy, tcpProxy } from '@breakwater/testbed';
import { expect } from 'vitest';
import { type Effort, SLACK_MS, START_MS, seconds, startFleet, type Tell } from './fleet.suite.js';
import { LeaseWatch } from './lease-watch.suite.js';
import { SentinelRedis } from './sentinels.suite.js';
import {
  eventually,
  everythingBy,
  expectTurns,
  expectUnmoved,
  shared,
  sharedAgain,
  standing,
  standings,
} from './watch.suite.js';

/** Redis is away for longer than a lease: everybody keeps its own, then polls everything, then shares as before. */
async function away(
  effort: Effort,
  tell: Tell,
  durable: boolean,
  go: (redis: RunningServer) => void,
  comeBack: (redis: RunningServer) => void | Promise<void>,
): Promise<void> {
  const { intervalMs, leaseMs, awayMs } = effort;
  await using redis = await startServer('redis', { durable });
  await using rig = await startFleet(effort, () => redis.url);
  const leases = new LeaseWatch(redis.port);
  const shares = await shared(rig, rig.pollers, START_MS);
  await rig.begin();
  const keptUntilMs = await leases.stop();
  const fromMs = Date.now();
  go(redis);
  await everythingBy(rig, rig.pollers, fromMs, leaseMs + 2 * intervalMs + SLACK_MS);
  const alone = rig.pollers.map(() => 'alone');
  await standing(rig, alone, leaseMs + SLACK_MS);
  await pause(awayMs - (Date.now() - fromMs));
  expect(await standings(rig.collectors)).toEqual(alone);
  await comeBack(redis);
  const backMs = Date.now();
  const againMs = await sharedAgain(rig, shares, backMs, leaseMs + 2 * intervalMs + SLACK_MS);
  const members = rig.pollers.map(() => 'member');
  await standing(rig, members, leaseMs + SLACK_MS);
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  await tell(twice(verdict, fromMs, backMs));
  expectTurns(verdict, [{ fromMs: keptUntilMs, toMs: againMs, turns: 0, mayRepeat: true }]);
}

/** Redis restarts within a lease, and knows nothing any more: nobody notices at the targets. */
async function emptiedWithinLease(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await startServer('redis');
  await using rig = await startFleet(effort, () => redis.url);
  const shares = await shared(rig, rig.pollers, START_MS);
  const fromMs = await rig.begin();
  redis.signal('SIGKILL');
  await redis.restart();
  await tell(`Redis was back, empty, after ${seconds(Date.now() - fromMs)}`);
  await pause(3 * leaseMs);
  expect(await standings(rig.collectors)).toEqual(rig.pollers.map(() => 'member'));
  expectUnmoved(rig, shares, fromMs);
  expectTurns(await rig.conclude(fromMs, Date.now() - intervalMs), []);
}

/** Its master is gone, and Sentinels make the replica the master, which may lack the last writes. */
async function failedOver(effort: Effort, tell: Tell): Promise<void> {
  const { intervalMs, leaseMs } = effort;
  await using redis = await SentinelRedis.start();
  await using rig = await startFleet(effort, () => redis.url);
  const leases = new LeaseWatch(redis.master.port);
  const shares = await shared(rig, rig.pollers, START_MS);
  await rig.begin();
  const keptUntilMs = await leases.stop();
  const fromMs = Date.now();
  redis.master.signal('SIGKILL');
  await redis.failedOver();
  const backMs = Date.now();
  const members = rig.pollers.map(() => 'member');
  await standing(rig, members, leaseMs + SLACK_MS);
  const memberMs = Date.now();
  const againMs = await sharedAgain(rig, shares, memberMs, leaseMs + 2 * intervalMs + SLACK_MS);
  // The former master comes back as a replica.
  const restartMs = Date.now();
  await redis.master.restart();
  await pause(2 * leaseMs);
  expectUnmoved(rig, shares, restartMs);
  const verdict = await rig.conclude(fromMs, Date.now() - intervalMs);
  await tell(`failed over in ${seconds(backMs - fromMs)}, members again ${seconds(memberMs - backMs)} later`);
  if (verdict.repeats.length > 0) await tell(twice(verdict, fromMs, backMs));
  expectTurns(verdict, [{ fromMs: keptUntilMs, toMs: againMs, turns: 0, mayRepeat: true }]);
}

/** One of three cannot reach Redis: it polls everything after its lease, the others share without it. */
async function lost(effort: Effort, tell: Tell, cut: (proxy: TcpProxy) => void | Promise<void>): Promise<void> {
  const { intervalMs, leaseMs, awayMs } = effort;
  await using redis = await startServer('redis');
  await using proxy = await tcpProxy(redis.port);
  await using rig = await startFleet(effort, (index) => (index === 0 ? `redis://127.0.0.1:${proxy.port}` : redis.url));
  const leases = new LeaseWatch(redis.port);
  const shares = await shared(rig, rig.pollers, START_MS);
  await rig.begin();
  const keptUntilMs = await leases.stop();
  const [name, ...others] = rig.pollers as [string, ...string[]];
  const cutMs = Date.now();
  await cut(proxy);
  await everythingBy(rig, [name], cutMs, leaseMs + 2 * intervalMs + SLACK_MS);
  const aloneMs = Date.now();
  await pause(awayMs - (aloneMs - cutMs));
  const divided = ['alone', 'member', 'member'];
  await standing(rig, divided, leaseMs + SLACK_MS);
  const byOthers = () => {
    const polls = rig.server.since(aloneMs).filter(({ by }) => by !== name);
    return new Set(polls.map(({ target }) => target)).size;
  };
  const look = () => byOthers() === rig.turns.targets.length || undefined;
  await eventually(look, intervalMs + SLACK_MS, () => `only ${byOthers()} targets polled by ${others.join(' and ')}`);
  expect(await standings(rig.collectors)).toEqual(divided);
  await proxy.resume();
  const backMs = Date.now();
  const againMs = await sharedAgain(rig, shares, backMs, leaseMs + 2 * intervalMs + SLACK_MS);
  await pause(2 * intervalMs);
  const verdict = await rig.conclude(cutMs, Date.now() - intervalMs);
  await tell(twice(verdict, cutMs, backMs));
  expectTurns(verdict, [{ fromMs: keptUntilMs, toMs: againMs, turns: 0, mayRepeat: true }]);
  // The others never poll a target both.
  expect(verdict.repeats.filter(({ by }) => others.every((other) => by.includes(other)))).toEqual([]);
}

/** From when until when turns were polled more than once, in words. */
function twice({ due, gaps, repeats }: FleetVerdict, goneMs: number, backMs: number): string {
  const instants = repeats.map(({ instantMs }) => instantMs);
  const [first, last] = [Math.min(...instants) - goneMs, Math.max(...instants) - backMs];
  return `polled more than once from ${seconds(first)} after Redis went until ${seconds(last)} after it was back; ${gaps.length} gaps in ${due} turns`;
}

type Scenario = (effort: Effort, tell: Tell) => Promise<void>;

const kill = (redis: RunningServer): void => redis.signal('SIGKILL');
const restart = (redis: RunningServer): Promise<void> => redis.restart();

const emptied: Scenario = (effort, tell) => away(effort, tell, false, kill, restart);
const restored: Scenario = (effort, tell) => away(effort, tell, true, kill, restart);
const stopped: Scenario = (effort, tell) =>
  away(
    effort,
    tell,
    false,
    (redis) => redis.signal('SIGSTOP'),
    (redis) => redis.signal('SIGCONT'),
  );
const cutOff: Scenario = (effort, tell) => lost(effort, tell, (proxy) => proxy.cut());
const frozen: Scenario = (effort, tell) => lost(effort, tell, (proxy) => proxy.freeze());

export const REDIS_SCENARIOS = {
  emptied,
  restored,
  stopped,
  emptiedWithinLease,
  failedOver,
  cutOff,
  frozen,
} as const;
