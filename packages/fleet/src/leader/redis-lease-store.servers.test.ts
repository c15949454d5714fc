import { setTimeout as pause } from 'node:timers/promises';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldTime } from '../redis/held-time.suite.js';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import { describeLeaseStore } from './lease-store.suite.js';
import { redisLeaseStore } from './redis-lease-store.js';

let redis: RunningServer & { url: string };
let link: RedisLink;

beforeAll(async () => {
  redis = await startServer('redis');
  link = redisLink({ url: redis.url, timeoutMs: 1_000 });
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

const raw = (text: string, keys: readonly string[], args: readonly string[] = []) =>
  link.run({ name: 'test', text, sha1: text.length.toString(16).padStart(40, '0') }, keys, args);
const ask = { leaseMs: 5_000, above: 0 };

/** Asks until Redis answers. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === 50) throw error;
      await pause(100);
    }
  }
}

describeLeaseStore('redisLeaseStore', () => {
  const time = new HeldTime(link);
  return { store: redisLeaseStore({ link: time.link, fleet: 'suite' }), pass: (ms) => time.pass(ms) };
});

describe('redisLeaseStore', () => {
  it('grants nothing to a claim that lay in a buffer while Redis stood still', async () => {
    const store = redisLeaseStore({ link });
    const name = 'late';
    const { token } = await store.claim({ ...ask, name, holder: 'a' });
    await store.resign({ name, holder: 'a', token });
    redis.signal('SIGSTOP');
    const lost = store.claim({ ...ask, name, holder: 'a' });
    await expect(lost).rejects.toMatchObject({ name: 'FleetError' });
    await pause(200);
    redis.signal('SIGCONT');
    const other = redisLeaseStore({ link });
    expect(await answered(() => other.claim({ ...ask, name, holder: 'b' }))).toMatchObject({ outcome: 'granted' });
  });

  it('claims although the clock of Redis was set forward since it last told', async () => {
    let behindMs = 0;
    const clock = { now: () => performance.now() - behindMs, wall: Date.now, after: () => ({ [Symbol.dispose]() {} }) };
    const store = redisLeaseStore({ link, clock });
    const claim = { ...ask, name: 'forward', holder: 'a' };
    const { token } = await store.claim(claim);
    behindMs = 3_600_000;
    expect(await store.claim({ ...claim, token })).toMatchObject({ outcome: 'renewed' });
  });

  it('lets nobody wait for a lease that ends later than it can, since the clock of Redis was set back', async () => {
    const store = redisLeaseStore({ link });
    const { token } = await store.claim({ ...ask, name: 'back', holder: 'a' });
    const key = 'breakwater:{telemetry}:leader:back';
    await raw("return redis.call('HINCRBY', KEYS[1], 'until', 3600000)", [key]);
    const answer = await store.claim({ ...ask, name: 'back', holder: 'b' });
    expect(answer).toEqual({ outcome: 'held', holder: 'a', token, leftMs: 5_000 });
  });

  it.each([
    ['another type', "return redis.call('SET', KEYS[1], 'x')"],
    [
      'a token that is no number',
      "return redis.call('HSET', KEYS[1], 'holder', 'a', 'token', 'x', 'lease', 1, 'until', 1)",
    ],
    ['a hash without a lease', "return redis.call('HSET', KEYS[1], 'other', 'a')"],
    [
      'a holder that nobody is',
      "return redis.call('HSET', KEYS[1], 'holder', 'a b', 'token', 5, 'lease', 100000, 'until', 9e14)",
    ],
  ])('refuses a key that holds %s, and says what to do', async (what, write) => {
    const name = what.replaceAll(' ', '-');
    const key = `breakwater:{telemetry}:leader:${name}`;
    await raw(write, [key]);
    const store = redisLeaseStore({ link });
    const claim = store.claim({ ...ask, name, holder: 'b' });
    await expect(claim).rejects.toThrow(
      `the key ${key} of Redis at 127.0.0.1:${redis.port} holds something that is no lease; delete it`,
    );
    await store.resign({ name, holder: 'a', token: 5 });
    await raw("return redis.call('DEL', KEYS[1])", [key]);
    expect(await store.claim({ ...ask, name, holder: 'b' })).toMatchObject({ outcome: 'granted' });
  });

  it('has higher tokens after a restart with empty memory', async () => {
    const store = redisLeaseStore({ link });
    const claim = { ...ask, name: 'empty', holder: 'a' };
    const before = await store.claim(claim);
    redis.signal('SIGKILL');
    await redis.restart();
    const after = await answered(() => store.claim({ ...claim, token: before.token }));
    expect(after.outcome).toBe('granted');
    expect(after.token).toBeGreaterThan(before.token);
  });
});
