import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Arena } from './arena.suite.js';

const LEASE_MS = 1_500;

/** What breaks, and what mends it. Resolves with the moment from which on a new leader is due. */
const FAULTS: Record<string, (arena: Arena) => Promise<number>> = {
  'kill -9 of the leader': async ({ leader }) => {
    const atMs = performance.now();
    leader.signal('SIGKILL');
    return atMs;
  },
  'SIGSTOP of the leader, with an act on its way': async (arena) => {
    const { leader } = arena;
    await arena.holdUp(leader);
    leader.signal('SIGSTOP');
    return performance.now();
  },
  'the leader cut off from Redis, with an act on its way': async (arena) => {
    const { leader } = arena;
    await arena.holdUp(leader);
    const atMs = performance.now();
    await leader.toRedis.cut();
    return atMs;
  },
  'the leader and Redis not hearing each other': async ({ leader }) => {
    const atMs = performance.now();
    leader.toRedis.freeze();
    return atMs;
  },
  'Redis restarted with empty memory': async ({ redis }) => {
    redis.signal('SIGKILL');
    await redis.restart();
    return performance.now();
  },
  'Redis stopped for longer than a lease': async ({ redis, leaseMs }) => {
    redis.signal('SIGSTOP');
    await pause(1.5 * leaseMs);
    redis.signal('SIGCONT');
    return performance.now();
  },
  'Redis gone for two leases': async ({ redis, leaseMs }) => {
    redis.signal('SIGKILL');
    await pause(2 * leaseMs);
    await redis.restart();
    return performance.now();
  },
};

it('never acts under two terms at once, and has a new leader within two leases', async () => {
  await using arena = await Arena.open(LEASE_MS);
  const { workload } = arena;
  await arena.succession(0, performance.now());
  const report: string[] = [];
  for (const [what, fault] of Object.entries(FAULTS)) {
    const { token, leader } = arena;
    const { accepted, refused } = workload;
    const before = accepted.length;
    const { elected, acted } = await arena.succession(token, await fault(arena));
    // Whoever was paused or cut off comes back and tries to go on, beside the new leader.
    arena.release(leader);
    await leader.toRedis.resume();
    leader.signal('SIGCONT');
    if (!leader.runs) leader.start();
    await pause(LEASE_MS / 2);
    const acts = accepted.length - before;
    report.push(
      `${what}: a leader after ${elected.toFixed(2)} leases, its first act after ${acted.toFixed(2)}; ${acts} acts`,
    );
    if (what.endsWith('on its way')) expect(workload.refused, what).toBeGreaterThan(refused);
    expect(acted, what).toBeLessThan(2);
    expect(workload.outOfOrder, what).toEqual([]);
  }
  const terms = arena.contenders.flatMap(({ elected }) => elected);
  report.push(`${terms.length} terms, ${workload.accepted.length} acts accepted, ${workload.refused} refused`);
  process.stdout.write(`${report.join('\n')}\n`);
  expect(new Set(terms.map(({ token }) => token)).size).toBe(terms.length);
  expect(arena.contenders.map(({ errors }) => errors).join('')).toBe('');
  expect(arena.contenders.every(({ runs }) => runs)).toBe(true);
});
