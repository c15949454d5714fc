import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Load,
  type Membership,
  membership,
  type RedisLink,
  redisLink,
  redisMembershipStore,
} from '@breakwater/fleet';
import { startServer } from '@breakwater/testbed';
import { cpuSeconds } from '../cpu-time.js';
import type { Figure } from './figure.js';
import { timeReads } from './reads.js';

const MEMBERS = 10_000;
/** As many share work; the others only tell their load. */
const SHARERS = 100;
const HEARTBEAT_MS = 5_000;
const LEASE_MS = 15_000;
const TIMEOUT_MS = 4_000;
const READS = 100;
const READ_EVERY_MS = 200;

/** What a node with open sockets tells: every figure, and two of its own. */
function load(): Load {
  return {
    cpu: Math.random(),
    memory: Math.random(),
    eventLoopLagMs: Math.random() * 20,
    activeConnections: Math.floor(Math.random() * 10_000),
    throughput: Math.random() * 5_000,
    p95Ms: Math.random() * 100,
    queueDepth: Math.floor(Math.random() * 1_000),
    consumerLag: Math.floor(Math.random() * 1_000),
    more: { rooms: Math.floor(Math.random() * 100), retries: Math.floor(Math.random() * 100) },
  };
}

/** Ten thousand members on one connection, for a minute; then their whole list read by another process while they go on. */
export async function heartbeats(forMs: number): Promise<Figure[]> {
  await using server = await startServer('redis');
  const link = redisLink({ url: server.url, timeoutMs: TIMEOUT_MS });
  const store = redisMembershipStore({ link });
  const members = Array.from({ length: MEMBERS }, (_, index) =>
    membership({
      store,
      id: `node-${index}`,
      leaseMs: LEASE_MS,
      heartbeatMs: HEARTBEAT_MS,
      shares: index < SHARERS,
      load,
    }),
  );
  const emptyBytes = await usedBytes(link);
  await joinAll(members);
  await sleep(2 * HEARTBEAT_MS);

  const beating = await shares(server.pid, () => sleep(forMs));
  const bytes = (await usedBytes(link)) - emptyBytes;
  const order = { url: server.url, timeoutMs: TIMEOUT_MS, members: MEMBERS, reads: READS, everyMs: READ_EVERY_MS };
  let read: number[] = [];
  const reading = await shares(server.pid, async () => {
    read = await timeReads(order);
  });
  const failed = counted(members, 'failed');
  if (failed > 0) throw new Error(`${failed} heartbeats failed`);
  await link.close();
  read.sort((one, other) => one - other);
  const at = (quantile: number) => read[Math.min(read.length - 1, Math.floor(read.length * quantile))]!;
  return [
    { name: 'Redis, heartbeats alone', value: 100 * beating.redis, unit: '% of a core', atMost: 30 },
    { name: 'Redis, and five reads a second', value: 100 * reading.redis, unit: '% of a core', atMost: 30 },
    { name: 'generator, heartbeats alone', value: 100 * beating.generator, unit: '% of a core' },
    { name: 'reading all members, median', value: at(0.5), unit: 'ms' },
    { name: 'reading all members, p99', value: at(0.99), unit: 'ms', atMost: 50 },
    { name: 'Redis memory, in all', value: bytes / 2 ** 20, unit: 'MiB' },
    { name: 'Redis memory, a member', value: bytes / MEMBERS, unit: 'B' },
  ];
}

/** Spread over one heartbeat, as a fleet that runs for a while is. */
async function joinAll(members: readonly Membership[]): Promise<void> {
  const STEPS = 100;
  for (let step = 0; step < STEPS; step++) {
    const due = sleep(HEARTBEAT_MS / STEPS);
    await Promise.all(members.filter((_, index) => index % STEPS === step).map((member) => member.join()));
    await due;
  }
}

/** The CPU that Redis and this process use during `run`, as shares of a core. */
async function shares(pid: number, run: () => Promise<void>): Promise<{ redis: number; generator: number }> {
  const before = [cpuSeconds(pid), cpuSeconds(process.pid), performance.now()] as const;
  await run();
  const seconds = (performance.now() - before[2]) / 1_000;
  return { redis: (cpuSeconds(pid) - before[0]) / seconds, generator: (cpuSeconds(process.pid) - before[1]) / seconds };
}

async function usedBytes(link: RedisLink): Promise<number> {
  const text = `return redis.call('INFO', 'memory')`;
  const info = await link.run({ name: 'memory', text, sha1: createHash('sha1').update(text).digest('hex') }, [], []);
  const used = /^used_memory_dataset:(\d+)/m.exec(String(info))?.[1];
  if (used === undefined) throw new Error(`INFO memory answered ${String(info)}`);
  return Number(used);
}

function counted(members: readonly Membership[], outcome: string): number {
  let sum = 0;
  for (const member of members) {
    member.measure(({ name }, labels, value) => {
      if (name === 'fleet_heartbeats_total' && labels['outcome'] === outcome) sum += value as number;
    });
  }
  return sum;
}
