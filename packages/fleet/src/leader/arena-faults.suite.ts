import { setTimeout as pause } from 'node:timers/promises';
import type { Arena } from './arena.suite.js';

/** What breaks, and what mends it. Resolves with the moment, by the arena's time, from which on a new leader is due. */
export const FAULTS: Record<string, (arena: Arena) => Promise<number>> = {
  'kill -9 of the leader': async (arena) => {
    const atMs = arena.now();
    arena.leader.signal('SIGKILL');
    return atMs;
  },
  'SIGSTOP of the leader, with an act on its way': async (arena) => {
    const { leader } = arena;
    await arena.holdUp(leader);
    leader.signal('SIGSTOP');
    return arena.now();
  },
  'the leader cut off from Redis, with an act on its way': async (arena) => {
    const { leader } = arena;
    await arena.holdUp(leader);
    const atMs = arena.now();
    await leader.toRedis.cut();
    return atMs;
  },
  'the leader and Redis not hearing each other': async (arena) => {
    const atMs = arena.now();
    arena.leader.toRedis.freeze();
    return atMs;
  },
  'Redis restarted with empty memory': async (arena) => {
    arena.redis.signal('SIGKILL');
    await arena.redis.restart();
    return arena.now();
  },
  'Redis stopped for longer than a lease': async (arena) => {
    arena.redis.signal('SIGSTOP');
    await pause(1.5 * arena.leaseMs);
    arena.redis.signal('SIGCONT');
    return arena.now();
  },
  'Redis gone for two leases': async (arena) => {
    arena.redis.signal('SIGKILL');
    await pause(2 * arena.leaseMs);
    await arena.redis.restart();
    return arena.now();
  },
};

/** Breaks and mends one thing, and says how long it took until somebody led again. */
export async function breakAndMend(
  arena: Arena,
  what: string,
): Promise<{ readonly acted: number; readonly words: string }> {
  const { token, leader, leaseMs } = arena;
  const { accepted } = arena.workload;
  const before = accepted.length;
  const { elected, acted } = await arena.succession(token, await FAULTS[what]!(arena));
  // Whoever was paused or cut off comes back and tries to go on, beside the new leader.
  arena.release(leader);
  await leader.toRedis.resume();
  leader.signal('SIGCONT');
  if (!leader.runs) await leader.start();
  await pause(leaseMs / 2);
  const acts = accepted.length - before;
  const words = `${what}: a leader after ${elected.toFixed(2)} leases, its first act after ${acted.toFixed(2)}; ${acts} acts`;
  return { acted, words };
}
