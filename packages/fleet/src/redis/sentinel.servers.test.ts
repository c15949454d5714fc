import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis, makeCertificates, redisGroup, startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { COUNT, connect, failure, told, watchLinks, works, worksAgain } from './link.suite.js';

watchLinks();

describe('Sentinels', () => {
  it('lead to the new master, when the old one is dead, and hold when one of them hangs', async () => {
    await using group = await redisGroup();
    const link = connect({ url: group.url, timeoutMs: 2_000 });
    let gaps = 0;
    const listen = () =>
      link.subscribe(
        'news',
        () => {},
        () => gaps++,
      );
    listen();
    await works(link);
    await expect.poll(() => gaps).toBe(1);
    group.sentinels[0]!.signal('SIGSTOP');
    group.master.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    await worksAgain(link);
    await expect.poll(() => gaps).toBe(2);
    await group.master.restart();
    await expect.poll(() => askRedis(group.master.port, 'ROLE')).toContain('slave');
    await works(link);
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    expect(await askRedis(group.replica.port, 'GET n')).toContain('1');
  });

  it('lead away from a master that was demoted and is alive', async () => {
    await using group = await redisGroup();
    const link = connect({ url: group.url, timeoutMs: 2_000 });
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    expect(await askRedis(group.sentinels[1]!.port, 'SENTINEL FAILOVER fleet')).toMatch(/^\+OK/);
    await expect.poll(() => askRedis(group.replica.port, 'ROLE')).toContain('master');
    await expect.poll(() => link.run(COUNT, ['n'], []).catch(String), { interval: 20 }).toBeTypeOf('number');
    await expect.poll(() => askRedis(group.master.port, 'ROLE')).toContain('slave');
    await expect.poll(() => link.run(COUNT, ['n'], []).catch(String)).toBeTypeOf('number');
    expect(told()).toContain('redis.lost');
  });

  it('that know no master of that name, or are not there, are told of', async () => {
    await using group = await redisGroup();
    const stranger = connect({ url: group.url.replace(/fleet$/, 'stranger') });
    expect(await failure(stranger)).toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(/the Sentinel 127\.0\.0\.1:\d+ knows no master that is called stranger/),
    });
    for (const sentinel of group.sentinels) sentinel.signal('SIGSTOP');
    const link = connect({ url: group.url, timeoutMs: 200 });
    // Its own time and that of the first attempt are up at the same moment: it knows why, or it does not.
    expect((await failure(link)).reason).toMatch(/^(?:timeout|unreachable)$/);
    await expect
      .poll(() => failure(link))
      .toMatchObject({
        reason: 'unreachable',
        message: expect.stringContaining('did not answer within 200 ms'),
      });
    for (const sentinel of group.sentinels) sentinel.signal('SIGCONT');
    await worksAgain(link);
  });

  it('speak TLS and ask for passwords of their own', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'breakwater-sentinels-'));
    try {
      const tls = await makeCertificates(dir);
      await using group = await redisGroup({ tls, password: 'lamp', sentinelPassword: 'watch' });
      const options = { url: group.url, ca: tls.ca, password: 'lamp', sentinelPassword: 'watch' };
      const link = connect(options);
      await works(link);
      expect(await failure(connect({ url: group.url, password: 'lamp', sentinelPassword: 'watch' }))).toMatchObject({
        message: expect.stringContaining('certificate'),
      });
      expect(await failure(connect({ url: group.url, ca: tls.ca, password: 'lamp' }))).toMatchObject({
        reason: 'refused',
        message: expect.stringContaining('NOAUTH'),
      });
      group.master.signal('SIGKILL');
      await expect.poll(() => link.state).toBe('lost');
      await worksAgain(link);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('a replica', () => {
  it('is not taken for a master', async () => {
    await using master = await startServer('redis');
    await using replica = await startServer('redis', { replicaOf: master.port });
    const link = connect({ url: replica.url });
    expect(await failure(link)).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('slave') });
    await askRedis(replica.port, 'REPLICAOF NO ONE');
    await worksAgain(link);
    await askRedis(replica.port, `REPLICAOF 127.0.0.1 ${master.port}`);
    await expect(link.run(COUNT, ['n'], [])).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('READONLY'),
    });
    expect(link.state).toBe('lost');
  });
});
