import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../process/certificates.js';
import { startServer } from '../start.js';
import { askRedis } from './redis.js';
import { redisGroup } from './redis-group.js';

let dir: string;
let tls: Certificates;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'breakwater-certificates-'));
  tls = await makeCertificates(dir);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

it('asks for a password', async () => {
  await using server = await startServer('redis', { password: 'lamp' });
  expect(await askRedis(server.port, 'GET a')).toMatch(/^-NOAUTH/);
  expect(await askRedis(server.port, 'GET a', { password: 'lamp' })).toMatch(/^\+OK\r\n\$-1\r\n/);
});

it('speaks TLS, and is refused by who does not know its root', async () => {
  await using server = await startServer('redis', { tls: true });
  expect(server.url).toBe(`rediss://127.0.0.1:${server.port}`);
  expect(await askRedis(server.port, 'PING', { ca: server.ca })).toMatch(/^\+PONG/);
  await expect(askRedis(server.port, 'PING', { ca: tls.ca })).rejects.toThrow('certificate');
});

it('follows a master', async () => {
  await using master = await startServer('redis');
  await using replica = await startServer('redis', { replicaOf: master.port });
  await expect.poll(() => askRedis(replica.port, 'INFO replication')).toContain('master_link_status:up');
  await askRedis(master.port, 'SET lighthouse lit');
  await expect.poll(() => askRedis(replica.port, 'GET lighthouse')).toContain('lit');
  expect(await askRedis(replica.port, 'SET lighthouse dark')).toMatch(/^-READONLY/);
});

it.each([['plain'], ['with TLS and passwords']])('fails over in a group, %s', async (kind) => {
  await using group = await redisGroup(kind === 'plain' ? {} : { tls, password: 'lamp', sentinelPassword: 'watch' });
  expect(await group.masterPort()).toBe(group.master.port);
  group.master.signal('SIGKILL');
  await expect.poll(() => group.masterPort(), { timeout: 60_000 }).toBe(group.replica.port);
});

it('fails over in a group also where the Sentinels got no time for a while after the master died', async () => {
  await using group = await redisGroup();
  group.master.signal('SIGKILL');
  for (const sentinel of group.sentinels) sentinel.signal('SIGSTOP');
  await sleep(2_500);
  for (const sentinel of group.sentinels) sentinel.signal('SIGCONT');
  await expect.poll(() => group.masterPort(), { timeout: 60_000 }).toBe(group.replica.port);
});

it('fails over in a group once, and takes the old master back as a replica', async () => {
  await using group = await redisGroup();
  group.master.signal('SIGKILL');
  await expect.poll(() => group.masterPort(), { timeout: 60_000 }).toBe(group.replica.port);
  await group.master.restart();
  await expect.poll(() => askRedis(group.master.port, 'ROLE'), { timeout: 60_000 }).toContain('slave');
  expect(await group.masterPort()).toBe(group.replica.port);
});
