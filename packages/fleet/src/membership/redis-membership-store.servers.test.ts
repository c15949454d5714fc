import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { askRedis, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldTime } from '../redis/held-time.suite.js';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import { Beater, membershipStoreSuite } from './membership-store.suite.js';
import { redisMembershipStore } from './redis-membership-store.js';

describe('redisMembershipStore', () => {
  let server: Awaited<ReturnType<typeof startServer<'redis'>>>;
  let link: RedisLink;
  let fleets = 0;

  beforeAll(async () => {
    server = await startServer('redis');
    link = redisLink({ url: server.url });
  });

  afterAll(async () => {
    await link.close();
    await server.stop();
  });

  membershipStoreSuite(async () => {
    const time = new HeldTime(link);
    return {
      store: redisMembershipStore({ link: time.link, fleet: `fleet-${++fleets}` }),
      pass: (ms) => time.pass(ms),
    };
  });

  describe('where another hand was at its keys', () => {
    const PARTS = ['members', 'sharers', 'applied', 'records', 'left', 'state'];
    const begun = async () => {
      const fleet = `fleet-${++fleets}`;
      const store = redisMembershipStore({ link, fleet });
      const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
      await a.apply();
      const ask = (command: string, part: string, rest = '') =>
        askRedis(server.port, `${command} breakwater:{${fleet}}:${part} ${rest}`);
      return { store, a, b, ask, key: (part: string) => `breakwater:{${fleet}}:${part}` };
    };

    it('waits for nobody who is not there: a joiner would wait for ever', async () => {
      const { a, b, ask } = await begun();
      await ask('ZADD', 'applied', Array.from({ length: 100 }, (_, index) => `${index} ghost-${index}`).join(' '));
      await b.beat();
      await a.apply();
      await b.apply();
      expect((await b.beat()).behind).toBe(0);
      expect(await ask('ZRANGE', 'applied', '0 -1')).not.toContain('ghost');
    });

    it('cuts leases that seem to end later than any can to one lease: its clock was set back', async () => {
      const { a, b, ask } = await begun();
      await b.beat();
      const hourAhead = b.last!.leaseEndMs + 3_600_000;
      await ask('ZADD', 'sharers', `${hourAhead} b`);
      await ask('ZADD', 'members', `${hourAhead} b`);
      const { nowMs, leaseEndMs, leaseEnds } = await a.beat();
      expect(leaseEnds).toEqual([
        ['a', leaseEndMs],
        ['b', leaseEndMs],
      ]);
      await sleep(leaseEndMs - nowMs + 5);
      expect((await a.beat()).ids).toEqual(['a']);
    });

    it('waits for who is there, though it was forgotten what it applied', async () => {
      const { a, b, ask } = await begun();
      await ask('DEL', 'applied');
      expect((await b.beat()).behind).toBe(1);
      await a.apply();
      expect((await b.beat()).behind).toBe(0);
    });

    it.each(PARTS)('says in words which key is of another kind: %s', async (part) => {
      const { store, a, b, ask, key } = await begun();
      await ask('DEL', part);
      await ask('SET', part, 'x');
      const problem = { reason: 'refused', message: expect.stringContaining(key(part)) };
      await expect(b.beat()).rejects.toMatchObject(problem);
      if (part === 'records') await expect(store.read()).rejects.toMatchObject(problem);
      await ask('DEL', part);
      expect((await a.apply()).behind).toBe(0);
    });

    it.each([
      [
        'ids with control characters',
        'ZADD',
        'sharers',
        '9e15 "b\\r\\nc"',
        /holds "b\\r\\nc", which is no member's id/,
      ],
      ['an id of 50,000 characters', 'ZADD', 'sharers', `9e15 ${'x'.repeat(50_000)}`, /which is no member's id/],
      ['a version that is none', 'HSET', 'state', 'version nan', /no state of a fleet: delete it/],
      ['a version beyond all', 'HSET', 'state', 'version 1e300', /no state of a fleet: delete it/],
    ])('refuses %s in words that are short', async (_, command, part, value, words) => {
      const { b, ask } = await begun();
      await ask(command, part, value);
      const error = await b.beat().catch((reason: Error) => reason);
      expect(error).toMatchObject({ reason: 'refused', message: expect.stringMatching(words) });
      expect((error as Error).message.length).toBeLessThan(400);
    });

    it('takes no epoch that no member gave', async () => {
      const { a, b, ask } = await begun();
      for (const epoch of ['x'.repeat(50_000), '"a\\nb"', '""']) {
        await ask('HSET', 'state', `epoch ${epoch}`);
        expect((await b.beat()).epoch).toMatch(/^1-b\.\d+$/);
        expect((await a.beat()).epoch).toBe(b.last!.epoch);
      }
    });

    it('goes on with a record of its own that is none, as if it had none', async () => {
      const { a, ask } = await begun();
      for (const record of ['x', 'y'.repeat(50_000), '"a 1 1-a 99999999999999999999 1 1 "']) {
        await ask('HSET', 'records', `a ${record}`);
        expect((await a.beat()).ids).toEqual(['a']);
      }
    });

    it('refuses 100,000 members that share, in words, and beats as fast as before', async () => {
      const { a, b, ask, key } = await begun();
      const fill = `for i = 1, 1e5 do redis.call('ZADD', KEYS[1], '9e15', ARGV[1] .. i) end return 0`;
      const filling = { name: 'fill', text: fill, sha1: createHash('sha1').update(fill).digest('hex') };
      const patient = redisLink({ url: server.url, timeoutMs: 30_000 });
      await patient.run(filling, [key('sharers')], ['s']);
      await patient.close();
      await expect.poll(() => b.beat().catch(String)).toMatch(/FULL .*: delete it/);
      // The quickest of them says what a beat costs; any one of them may have met a busy machine.
      const took: number[] = [];
      for (let times = 0; times < 10; times++) {
        const startedMs = performance.now();
        await expect(b.beat()).rejects.toMatchObject({
          reason: 'refused',
          message: expect.stringMatching(/FULL .*delete/),
        });
        took.push(performance.now() - startedMs);
      }
      expect(Math.min(...took)).toBeLessThan(200);
      await ask('UNLINK', 'sharers');
      await a.apply();
      expect(a.ids).toEqual(['a']);
    }, 180_000);
  });
});
