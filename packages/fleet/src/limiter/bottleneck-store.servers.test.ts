import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@breakwater/resilience';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import type { Script } from '../redis/script.js';
import { bottleneckStore } from './bottleneck-store.js';
import type { Grant, StoreListener } from './permit-store.js';
import { itCountsPermits, SETTLE_MS } from './permit-store.suite.js';

const lua = (text: string): Script => ({ name: 'test', text, sha1: createHash('sha1').update(text).digest('hex') });
const NOBODY: StoreListener = { granted: () => {}, failed: () => {} };

describe('a limit in Redis', () => {
  let server: RunningServer & { url: string };
  let link: RedisLink;
  let made = 0;
  beforeAll(async () => {
    server = await startServer('redis');
    // Longer than a hold and the time to notice, by its whole seconds: a limit that is new there is new.
    await pause(5_500);
  });
  afterAll(() => server.stop());

  const storeOf = (key: string, user: string) =>
    bottleneckStore({ link, fleet: 'telemetry', key, user, settleMs: SETTLE_MS, clock: systemClock });

  itCountsPermits(async () => {
    link = redisLink({ url: server.url });
    const key = `core-${made++}`;
    return {
      closedMs: SETTLE_MS,
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
      listener: NOBODY,
    });
    await store.open();
    await store.beat({ concurrent: 1, holdMs: 1_000 }, '');
    const keys = (await link.run(lua(`return redis.call('KEYS', '*')`), [], [])) as string[];
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(key).toMatch(/^breakwater:\{telemetry\}:limit:core_/);
    store.close();
    await link.close();
  });

  it('is closed in a server that was just started for as long as what ran before may run', async () => {
    await using fresh = await startServer('redis');
    link = redisLink({ url: fresh.url });
    const store = storeOf('core', 'a')({ terms: { concurrent: 1, holdMs: 60_000 }, clear: false, listener: NOBODY });
    await store.open();
    const { opensInMs, closure } = await store.beat({ concurrent: 1, holdMs: 60_000 }, '');
    expect(closure).toBe('new');
    expect(opensInMs).toBeGreaterThan(60_000 - 5_000);
    expect(opensInMs).toBeLessThanOrEqual(60_000 + SETTLE_MS);
    store.close();
    await link.close();
  });

  it('closes when the server comes back with its old data', async () => {
    await using durable = await startServer('redis', { durable: true });
    link = redisLink({ url: durable.url });
    const terms = { concurrent: 1, holdMs: 1_000 };
    const before = storeOf('core', 'a')({ terms, clear: false, listener: NOBODY });
    await before.open();
    let beat = await before.beat(terms, '');
    while (beat.opensInMs > 0) {
      await pause(100);
      beat = await before.beat(terms, '');
    }
    before.close();
    durable.signal('SIGKILL');
    await durable.restart();
    await vi.waitUntil(() => link.state === 'ready', 30_000);
    const granted: Grant[] = [];
    const store = storeOf(
      'core',
      'a',
    )({ terms, clear: false, listener: { ...NOBODY, granted: (grant) => granted.push(grant) } });
    await store.open();
    // What is stored says that it is open; only the one who notices that it is another server can know better.
    store.request(1, 1_000);
    await pause(100);
    expect(granted).toEqual([]);
    expect(await store.beat(terms, beat.life)).toMatchObject({
      opensInMs: 1_000 + SETTLE_MS,
      closure: 'other-server',
      life: beat.life,
    });
    await pause(100);
    expect(granted).toEqual([]);
    store.close();
    await link.close();
  });
});
