import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { askRedis, makeCertificates, startServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COUNT, connect, events, failure, told, watchLinks, works } from './link.suite.js';

watchLinks();

describe('a password', () => {
  it('is needed, and the reason is told in the words of the server', async () => {
    await using server = await startServer('redis', { password: 'lamp' });
    await works(connect({ url: server.url, password: 'lamp' }));
    const none = await failure(connect({ url: server.url }));
    expect(none).toMatchObject({ reason: 'refused', message: expect.stringContaining('NOAUTH') });
    const wrong = connect({ url: server.url, password: 'not the lamp' });
    expect(await failure(wrong)).toMatchObject({ reason: 'refused', message: expect.stringContaining('WRONGPASS') });
    expect(await failure(wrong)).toMatchObject({ reason: 'refused' });
    const error = await wrong.run(COUNT, ['n'], []).catch((reason: unknown) => reason);
    expect(inspect([events, error], { depth: null, showHidden: true })).not.toContain('lamp');
  });

  it('does no harm where none is asked for', async () => {
    await using server = await startServer('redis');
    await works(connect({ url: server.url, password: 'lamp' }));
  });

  it('of a user who may do little is enough', async () => {
    await using server = await startServer('redis', { password: 'lamp' });
    await askRedis(server.port, 'ACL SETUSER keeper on >key +eval +evalsha ~*', { password: 'lamp' });
    const keeper = connect({ url: server.url, username: 'keeper', password: 'key' });
    await works(keeper);
    await expect(keeper.run(COUNT, ['n'], [])).rejects.toMatchObject({ reason: 'refused' });
    keeper.subscribe('news', () => {});
    await expect.poll(told).toContain('trouble');
    await works(keeper);
  });
});

describe('TLS', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-tls-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is verified: with its root it works, without or with another it does not', async () => {
    await using server = await startServer('redis', { tls: true });
    const { ca: otherCa } = await makeCertificates(dir);
    await works(connect({ url: server.url, ca: server.ca }));
    await works(connect({ url: server.url.replace('127.0.0.1', 'localhost'), ca: server.ca }));
    for (const ca of [undefined, otherCa]) {
      const link = connect({ url: server.url, ...(ca !== undefined && { ca }) });
      expect(await failure(link)).toMatchObject({
        reason: 'unreachable',
        message: expect.stringMatching(/certificate/),
      });
    }
  });

  it('is verified also where the process was told to accept anything', async () => {
    await using server = await startServer('redis', { tls: true });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await failure(connect({ url: server.url }))).toMatchObject({ reason: 'unreachable' });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it('refuses a certificate of another name', async () => {
    await using server = await startServer('redis', { tls: true });
    const nameLookup = { lookup: async () => [{ address: '127.0.0.1', family: 4 as const }] };
    const url = `rediss://elsewhere.test:${server.port}`;
    expect(await failure(connect({ url, ca: server.ca, nameLookup }))).toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('altnames'),
    });
  });

  it('does not talk to what speaks none, nor the other way round', async () => {
    await using plain = await startServer('redis');
    await using secure = await startServer('redis', { tls: true });
    const options = { timeoutMs: 200, connectTimeoutMs: 200 };
    expect(await failure(connect({ ...options, url: plain.url.replace('redis', 'rediss') }))).toMatchObject({
      reason: expect.stringMatching(/unreachable|timeout/),
    });
    expect(await failure(connect({ ...options, url: secure.url.replace('rediss', 'redis') }))).toMatchObject({
      reason: expect.stringMatching(/unreachable|timeout/),
    });
  });
});
