import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { MetricDefinition } from '@breakwater/resilience';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { redisLink } from '../redis/link.js';
import type { RedisLink, ScriptReply } from '../redis/redis-link.js';
import { type FleetLimiter, fleetLimiter } from './fleet-limiter.js';

/** What Bottleneck gets wrong when it is left alone, done to it in a real Redis. */
let server: RunningServer & { url: string };
let link: RedisLink;
let limiters: FleetLimiter[];
let key: string;
let made = 0;
beforeAll(async () => {
  server = await startServer('redis');
});
afterAll(() => server.stop());
beforeEach(() => {
  link = redisLink({ url: server.url });
  limiters = [];
  key = `core-${made++}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const limiter of limiters) await limiter.drain({ deadlineMs: 100 });
  await link.close();
});

const EXPIRATION_MS = 1_000;
/** A limit that is open. */
async function openLimiter(expirationMs = EXPIRATION_MS): Promise<FleetLimiter> {
  const limiter = fleetLimiter({ link, key, concurrent: 2, expirationMs });
  limiters.push(limiter);
  await vi.waitUntil(() => limiter.mode === 'fleet', { timeout: 60_000, interval: 20 });
  return limiter;
}

/** Asks Redis; `$` stands for the start of the limit's keys. */
const ask = (text: string): Promise<ScriptReply> => {
  const lua = text.replaceAll('$', `breakwater:{telemetry}:limit:${key}`);
  return link.run({ name: 'test', text: lua, sha1: createHash('sha1').update(lua).digest('hex') }, [], []);
};

function metric(limiter: FleetLimiter, name: string): number {
  let found: unknown;
  limiter.measure((definition: MetricDefinition, _, value) => {
    if (definition.name === name) found = value;
  });
  return found as number;
}

it('counts by Redis’ clock, whatever the time is for a replica', async () => {
  const [holder, ahead] = [await openLimiter(5_000), await openLimiter(5_000)];
  const held = [await holder.acquire(), await holder.acquire()];
  const wall = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => wall() + 3_600_000);
  await expect(ahead.execute(() => 1, { deadline: performance.now() + 1_500 })).rejects.toMatchObject({
    reason: 'deadline',
  });
  for (const permit of held) permit.success();
  expect(await ahead.execute(() => 'done', { deadline: performance.now() + 30_000 })).toBe('done');
}, 180_000);

it('replaces the limiter of a process that Bottleneck has struck off', async () => {
  const limiter = await openLimiter();
  await ask(`return redis.call('DEL', '$_client_last_seen')`);
  expect(await limiter.execute(() => 'done', { deadline: performance.now() + 30_000 })).toBe('done');
  expect(metric(limiter, 'fleet_limiter_replaced_total')).toBe(1);
}, 180_000);

it('does not wait for a time that Redis’ clock was set back from', async () => {
  const limiter = await openLimiter();
  await ask(`return redis.call('HSET', '$_settings', 'nextRequest', redis.call('TIME')[1] * 1000 + 3600000)`);
  expect(await limiter.execute(() => 'done', { deadline: performance.now() + 30_000 })).toBe('done');
}, 180_000);

it('deletes keys that are damaged, and is closed as if all that was out were lost', async () => {
  const limiter = await openLimiter();
  await ask(`redis.call('SET', '$_client_num_queued', 'no hash') return 1`);
  const refused = limiter.execute(() => 1, { deadline: performance.now() + 1_000 });
  await expect(refused).rejects.toMatchObject({ reason: 'deadline' });
  await vi.waitUntil(() => metric(limiter, 'fleet_limiter_replaced_total') >= 3, { timeout: 20_000, interval: 20 });
  const sinceMs = performance.now();
  expect(await limiter.execute(() => 'done', { deadline: performance.now() + 20_000 })).toBe('done');
  expect(performance.now() - sinceMs).toBeGreaterThan(EXPIRATION_MS + 4_000);
}, 180_000);

it('gives back what comes for a caller that has gone', async () => {
  const [holder, other] = [await openLimiter(5_000), await openLimiter(5_000)];
  const held = [await holder.acquire(), await holder.acquire()];
  await expect(other.execute(() => 1, { deadline: performance.now() + 200 })).rejects.toMatchObject({
    reason: 'deadline',
  });
  held[0]!.success();
  await vi.waitUntil(() => metric(other, 'fleet_limiter_unused_total') === 1, { timeout: 30_000, interval: 20 });
  await pause(50);
  expect(await holder.execute(() => 'done', { deadline: performance.now() + 30_000 })).toBe('done');
  held[1]!.success();
}, 180_000);
