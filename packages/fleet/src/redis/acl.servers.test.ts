import { readFileSync } from 'node:fs';
import { circuitBreaker } from '@breakwater/resilience';
import { askRedis, type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisHintStore } from '../breaker/redis-hint-store.js';
import { sharedBreaker } from '../breaker/shared-breaker.js';
import { redisLeaseStore } from '../leader/redis-lease-store.js';
import { fleetLimiter } from '../limiter/fleet-limiter.js';
import { redisMembershipStore } from '../membership/redis-membership-store.js';
import { membership } from '../membership/replica.js';
import { connect, told, watchLinks } from './link.suite.js';
import type { RedisLink } from './redis-link.js';

watchLinks();

const DOCS = readFileSync(new URL('../../../../docs/fleet.md', import.meta.url), 'utf8');
const LINE = /^ACL SETUSER breakwater .*$/m.exec(DOCS)![0];
const PASSWORD = 'lamp';

describe('the user of the docs', () => {
  let server: RunningServer & { url: string };
  let link: RedisLink;
  beforeAll(async () => {
    server = await startServer('redis', { password: 'root' });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const reply = await askRedis(server.port, LINE.replace('PASSWORD', PASSWORD), { password: 'root' });
    expect(reply).toContain('+OK');
    await askRedis(server.port, 'ACL LOG RESET', { password: 'root' });
    link = connect({ url: server.url, username: 'breakwater', password: PASSWORD });
  });

  const denied = async () => {
    const log = await askRedis(server.port, 'ACL LOG', { password: 'root' });
    return [...log.matchAll(/object\r\n\$\d+\r\n([^\r]*)/g)].map(([, object]) => object);
  };

  it('may do all that a fleet does', async () => {
    const store = redisMembershipStore({ link });
    const one = membership({ store, id: 'one', leaseMs: 600, load: () => ({ cpu: 0.5 }) });
    const two = membership({ store, id: 'two', leaseMs: 600 });
    await Promise.all([one.join(), two.join()]);
    await expect.poll(() => [one.standing.kind, two.standing.kind]).toEqual(['member', 'member']);
    expect(await one.read()).toHaveLength(2);

    const leases = redisLeaseStore({ link });
    using _watched = leases.watch('scale', () => {});
    const claim = { name: 'scale', holder: 'one', leaseMs: 1_000, above: 0 };
    const granted = await leases.claim(claim);
    expect(granted.outcome).toBe('granted');
    await leases.resign({ name: 'scale', holder: 'one', token: granted.token });

    const hints = redisHintStore({ link, name: 'targets' });
    const breaker = circuitBreaker({ failureThreshold: 1, recoveryTimeoutMs: 50, successThreshold: 1 });
    const shared = sharedBreaker({ breaker, store: hints, members: one, quorum: 1, syncMs: 10 });
    await expect.poll(() => shared.alone).toBe(false);
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    await expect.poll(() => breaker.execute(() => 'up').catch(() => 'no'), { timeout: 60_000 }).toBe('up');
    await shared.stop();

    const limiter = fleetLimiter({ key: 'core', concurrent: 2, expirationMs: 1_000, link, members: one });
    await expect.poll(() => limiter.execute(() => 'done').catch(String), { timeout: 60_000 }).toBe('done');
    await Promise.all([1, 2, 3, 4].map(() => limiter.execute(() => 'done').catch(() => {})));
    await limiter.drain();

    await Promise.all([one.leave(), two.leave()]);
    expect(await denied()).toEqual([]);
    expect(told().filter((type) => type === 'trouble')).toEqual([]);
  });

  it('may do nothing else: neither other keys, channels, nor commands', async () => {
    const other = redisMembershipStore({ link, fleet: 'other' });
    await expect(other.read()).rejects.toMatchObject({ reason: 'refused' });
    for (const command of ['KEYS *', 'FLUSHALL', 'CONFIG GET *', 'GET x', 'HGET x y', 'PUBLISH x y', 'CLIENT LIST']) {
      const options = { password: `breakwater ${PASSWORD}` };
      expect(await askRedis(server.port, command, options)).toContain('NOPERM');
    }
    expect(await denied()).toEqual(expect.arrayContaining(['keys', 'flushall', 'config|get', 'client|list']));
  });
});
