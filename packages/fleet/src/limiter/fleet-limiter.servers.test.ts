import { startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { redisLink } from '../redis/link.js';
import { fleetLimiter } from './fleet-limiter.js';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('three replicas at one Redis', () => {
  it('hold one limit', async () => {
    await using server = await startServer('redis');
    const links = [1, 2, 3].map(() => redisLink({ url: server.url }));
    const limiters = links.map((link) => fleetLimiter({ link, key: 'core', concurrent: 5, expirationMs: 1_000 }));
    let now = 0;
    let most = 0;
    const job = async () => {
      most = Math.max(most, ++now);
      await pause(20);
      now--;
    };
    await limiters[0]!.execute(job);
    await Promise.all(limiters.flatMap((limiter) => Array.from({ length: 100 }, () => limiter.execute(job))));
    expect(most).toBe(5);
    expect(now).toBe(0);
    for (const limiter of limiters) expect(await limiter.drain()).toBe(true);
    await Promise.all(links.map((link) => link.close()));
  });
});
