import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@breakwater/resilience';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import type { Script } from '../redis/script.js';
import { bottleneckStore } from './bottleneck-store.js';
import { itCountsPermits, SETTLE_MS } from './permit-store.suite.js';

const lua = (text: string): Script => ({ name: 'test', text, sha1: createHash('sha1').update(text).digest('hex') });

describe('a limit in Redis', () => {
  let server: RunningServer & { url: string };
  let link: RedisLink;
  let made = 0;
  beforeAll(async () => {
    server = await startServer('redis');
  });
  afterAll(() => server.stop());

  const storeOf = (key: string, user: string) =>
    bottleneckStore({ link, fleet: 'telemetry', key, user, settleMs: SETTLE_MS, clock: systemClock });

  itCountsPermits(async () => {
    link = redisLink({ url: server.url });
    const key = `core-${made++}`;
    return {
      open: (user) => storeOf(key, user),
      pass: (ms) => pause(ms),
      wipe: async () => {
        await link.run(lua(`return redis.call('FLUSHALL')`), [], []);
      },
      end: () => link.close(),
    };
  });

  it('keeps everything under keys of the fleet', async () => {
    link = redisLink({ url: server.url });
    await link.run(lua(`return redis.call('FLUSHALL')`), [], []);
    const store = storeOf(
      'core',
      'a',
    )({
      terms: { concurrent: 1, holdMs: 1_000 },
      clear: false,
      listener: { granted: () => {}, failed: () => {} },
    });
    await store.open();
    await store.beat({ concurrent: 1, holdMs: 1_000 });
    const keys = (await link.run(lua(`return redis.call('KEYS', '*')`), [], [])) as string[];
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(key).toMatch(/^breakwater:\{telemetry\}:limit:core_/);
    store.close();
    await link.close();
  });
});
