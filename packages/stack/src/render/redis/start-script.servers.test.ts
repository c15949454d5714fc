import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis, freePort, requireProgram } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { redisStartScript } from './start-script.js';

// Characters that a shell, a here-document and a file of users would each take for something else.
const PASSWORD = `a"b'c$HOME\`id\`\\#>d!`;
const EXPORTER_PASSWORD = 'exporter-password';

let folder: string;
let port: number;
let server: ChildProcess;

beforeAll(async () => {
  await requireProgram({ program: 'redis-server', debianPackage: 'redis-server' });
  folder = await mkdtemp(join(tmpdir(), 'breakwater-redis-'));
  port = await freePort();
  const text = `apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\nredis: { port: ${port} }\n`;
  const script = redisStartScript(planStack(parseStack(text, 'stack').stack)).replaceAll('/run/redis', folder);
  await writeFile(join(folder, 'start.sh'), script);
  const env = { PATH: process.env['PATH'], REDIS_PASSWORD: PASSWORD, REDIS_EXPORTER_PASSWORD: EXPORTER_PASSWORD };
  server = spawn('sh', [join(folder, 'start.sh'), '--bind', '127.0.0.1'], { env, cwd: folder, stdio: 'ignore' });
  await vi.waitFor(async () => expect(await askRedis(port, 'PING')).toContain('PONG'), { timeout: 60_000 });
});

afterAll(async () => {
  server.kill();
  await once(server, 'exit');
  await rm(folder, { recursive: true });
});

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
const asCollector = (command: string) => askRedis(port, command, { password: `telemetry ${quoted(PASSWORD)}` });
const asExporter = (command: string) => askRedis(port, command, { password: `exporter ${EXPORTER_PASSWORD}` });

describe('Redis as the stack starts it', () => {
  it('lets collectors do what a fleet does, with its own keys and channels', async () => {
    expect(await asCollector('HSET breakwater:{telemetry}:members a 1')).toContain(':1');
    expect(await asCollector('PUBLISH b_breakwater:{telemetry}:x hello')).toContain(':0');
    expect(await asCollector('EVAL "return redis.call(\'time\')" 0')).not.toContain('-ERR');
  });

  it('lets them do nothing else', async () => {
    expect(await asCollector('HSET breakwater:{other}:members a 1')).toContain('NOPERM');
    expect(await asCollector('PUBLISH elsewhere hello')).toContain('NOPERM');
    for (const command of ['FLUSHALL', 'CONFIG GET maxmemory', 'KEYS *', 'ACL LIST', 'SHUTDOWN']) {
      expect(await asCollector(command)).toContain('NOPERM');
    }
  });

  it('lets the exporter look, and touch nothing', async () => {
    expect(await asExporter('INFO memory')).toContain('maxmemory:268435456');
    expect(await asExporter('CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await asExporter('HGETALL breakwater:{telemetry}:members')).toContain('NOPERM');
  });

  it('tells who has no password that it is there, and no more', async () => {
    expect(await askRedis(port, 'INFO')).toContain('NOPERM');
    expect(await askRedis(port, 'PING', { password: 'telemetry wrong' })).toContain('WRONGPASS');
  });

  it('writes hashes to its file of users, not passwords', async () => {
    const users = await readFile(join(folder, 'users.acl'), 'utf8');
    expect(users).not.toContain(EXPORTER_PASSWORD);
    expect(users).not.toContain('c$HOME');
  });

  it('gives collectors the rights that the fleet documents, no more and no fewer', async () => {
    const documented = /ACL SETUSER breakwater on >PASSWORD (.*)/.exec(await readFile('docs/fleet.md', 'utf8'))?.[1];
    const users = await readFile(join(folder, 'users.acl'), 'utf8');
    expect(/user telemetry on #[0-9a-f]{64} (.*)/.exec(users)?.[1]).toBe(documented);
  });
});
