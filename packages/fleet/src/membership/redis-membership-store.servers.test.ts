import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe } from 'vitest';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import { membershipStoreSuite } from './membership-store.suite.js';
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

  membershipStoreSuite(async () => ({
    store: redisMembershipStore({ link, fleet: `fleet-${++fleets}` }),
    pass: (ms) => sleep(ms),
  }));
});
