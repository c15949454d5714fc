import { setTimeout as pause } from 'node:timers/promises';
import { askRedis, type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldTime } from '../redis/held-time.suite.js';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import { type HintRequest, type HintStore, MOST_HINTS, type Say } from './hint-store.js';
import { describeHintStore } from './hint-store.suite.js';
import { redisHintStore } from './redis-hint-store.js';

let redis: RunningServer & { url: string };
let link: RedisLink;
let names = 0;

beforeAll(async () => {
  redis = await startServer('redis');
  link = redisLink({ url: redis.url, timeoutMs: 2_000 });
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

const fresh = (name = `suite-${++names}`): HintStore & { name: string } =>
  Object.assign(redisHintStore({ link, fleet: 'suite', name }), { name });
const request = (says: Say[] = [], more: Partial<HintRequest> = {}): HintRequest => ({
  member: 'a',
  epoch: '',
  since: 0,
  quorum: 1,
  silentMs: 60_000,
  says,
  ...more,
});
const strike = (key: string): Say => ({ verb: 'strike', key, forMs: 60_000, openMs: 60_000, attempts: 1 });
const keyOf = (name: string, part: string) => `breakwater:{suite}:breaker:${name}:${part}`;

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

describeHintStore('redisHintStore', () => {
  const time = new HeldTime(link);
  return {
    fresh: () => redisHintStore({ link: time.link, fleet: 'suite', name: `suite-${++names}` }),
    pass: (ms) => time.pass(ms),
  };
});

describe('redisHintStore', () => {
  it('knows nothing after Redis was restarted empty, under another epoch, and versions go on growing', async () => {
    const store = fresh();
    const before = await store.sync(request([strike('k')]));
    redis.signal('SIGKILL');
    await redis.restart();
    const after = await answered(() => store.sync(request([], { epoch: before.epoch, since: before.version })));
    expect(after).toMatchObject({ full: true, hints: [] });
    expect(after.epoch).not.toBe(before.epoch);
    const again = await store.sync(request([strike('k')], { epoch: after.epoch, since: after.version }));
    expect(again.hints[0]!.period).toBeGreaterThan(before.version);
  });

  it('does nothing for a sync that lay in a buffer while Redis stood still', async () => {
    const store = fresh();
    await store.sync(request());
    redis.signal('SIGSTOP');
    await expect(store.sync(request([strike('k')]))).rejects.toMatchObject({ name: 'FleetError' });
    await pause(300);
    redis.signal('SIGCONT');
    expect((await answered(() => store.sync(request()))).hints).toEqual([]);
  });

  it('drops records that no script of ours wrote, and goes on', async () => {
    const store = fresh();
    await store.sync(request([strike('k'), strike('j')]));
    for (const value of ['{', '[]', '{"state":"open"}', '7', '"x"']) {
      await askRedis(redis.port, `HSET ${keyOf(store.name, 'records')} k '${value}'`);
      expect((await store.sync(request())).hints.map(({ key }) => key)).toEqual(['j']);
      await store.sync(request([strike('k')]));
    }
    await askRedis(redis.port, `HSET ${keyOf(store.name, 'meta')} version nonsense`);
    expect(await store.sync(request())).toMatchObject({ full: true, hints: [] });
  });

  it("begins anew when Redis' clock was set back, since what is open would stay so until the clock is there again", async () => {
    const store = fresh();
    const before = await store.sync(request([strike('k')]));
    // As if all of it had been written an hour from now.
    const laterMs = Date.now() + 3_600_000;
    await askRedis(redis.port, `HSET ${keyOf(store.name, 'meta')} clock ${laterMs}`);
    const after = await store.sync(request([], { epoch: before.epoch, since: before.version }));
    expect(after).toMatchObject({ full: true, hints: [], members: 1 });
    expect(after.epoch).not.toBe(before.epoch);
    const again = await store.sync(request([strike('k')], { epoch: after.epoch, since: after.version }));
    expect(again).toMatchObject({ full: false, epoch: after.epoch, hints: [{ key: 'k', state: 'open' }] });
    expect(again.hints[0]!.period).toBeGreaterThan(before.version);
  });

  it('says which key to delete where another hand wrote something else', async () => {
    const store = fresh();
    await askRedis(redis.port, `SET ${keyOf(store.name, 'records')} 7`);
    await expect(store.sync(request())).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining(`${keyOf(store.name, 'records')} holds no hints; delete it`),
    });
  });

  it('is bounded', async () => {
    // A call is under way nearly all the time, also when the machine stands still.
    const patient = redisLink({ url: redis.url, timeoutMs: 30_000 });
    const store = redisHintStore({ link: patient, fleet: 'suite', name: 'bounded' });
    const says = Array.from({ length: MOST_HINTS + 1 }, (_, index) => strike(`k${index}`));
    let refused = 0;
    for (let from = 0; from < says.length; from += 500)
      refused += (await store.sync(request(says.slice(from, from + 500)))).refused;
    await patient.close();
    expect(refused).toBe(1);
  });

  it('leaves nothing for ever', async () => {
    const store = fresh();
    await store.sync(request([strike('k')]));
    for (const part of ['records', 'versions', 'ends', 'members', 'meta'])
      expect(await askRedis(redis.port, `PTTL ${keyOf(store.name, part)}`)).toMatch(/^:\d{7,8}\r\n/);
  });
});
