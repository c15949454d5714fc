import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis, makeCertificates, redisGroup, startServer, tcpProxy } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLEET_CHANNEL, type FleetEvent } from '../events.js';
import { redisLink } from './link.js';
import { lua } from './lua.suite.js';
import type { RedisLinkOptions } from './options.js';
import type { RedisLink } from './redis-link.js';

const ECHO = lua('return {KEYS[1], ARGV[1], 1, false}');
const COUNT = lua(`return redis.call('INCR', KEYS[1])`);
/** What a deadline may be late by on a machine that is busy with other things. */
const SLACK_MS = 250;

const events: FleetEvent[] = [];
const unhandled: unknown[] = [];
const links: RedisLink[] = [];
const keep = (event: unknown) => events.push(event as FleetEvent);
const note = (error: unknown) => unhandled.push(error);
const told = () => events.map(({ type }) => type);

beforeEach(() => {
  subscribe(FLEET_CHANNEL, keep);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  unsubscribe(FLEET_CHANNEL, keep);
  events.length = 0;
  expect(unhandled.splice(0)).toEqual([]);
});

function connect(options: RedisLinkOptions): ReturnType<typeof redisLink> {
  const link = redisLink(options);
  links.push(link);
  return link;
}

const echo = (link: RedisLink) => link.run(ECHO, ['k'], ['v']);
const works = (link: RedisLink) => expect(echo(link)).resolves.toEqual(['k', 'v', 1, null]);
/** Until calls work; how long that took, in milliseconds. */
async function worksAgain(link: RedisLink, withinMs = 5_000): Promise<number> {
  const startedMs = performance.now();
  await expect.poll(() => echo(link).catch(String), { timeout: withinMs, interval: 10 }).toEqual(['k', 'v', 1, null]);
  return performance.now() - startedMs;
}

/** How a call failed, and after how many milliseconds. */
async function failure(link: RedisLink): Promise<{ reason: string; message: string; tookMs: number }> {
  const startedMs = performance.now();
  const error = await echo(link).then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
  return { reason: error.reason, message: error.message, tookMs: performance.now() - startedMs };
}

/** Redis' own count of the connections that are called `name`. */
const connections = async (port: number, name: string) =>
  (await askRedis(port, 'CLIENT LIST')).split(`name=${name} `).length - 1;

describe('a call', () => {
  it('gives what the script answers, also when Redis does not know it (any more)', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    await works(link);
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    await askRedis(server.port, 'SCRIPT FLUSH');
    expect(await link.run(COUNT, ['n'], [])).toBe(2);
    expect(link.address).toBe(`127.0.0.1:${server.port}`);
  });

  it('is refused in the words of the server, and the connection stays', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    await expect(link.run(lua(`return redis.call('LPUSH', 'a')`), [], [])).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('Wrong number of args'),
    });
    await expect(link.run(lua('return 9007199254740993'), [], [])).rejects.toMatchObject({ reason: 'refused' });
    expect(link.state).toBe('ready');
  });

  it('goes to the database of the URL', async () => {
    await using server = await startServer('redis');
    const [zero, three] = [connect({ url: server.url }), connect({ url: `${server.url}/3` })];
    await three.run(COUNT, ['n'], []);
    expect(await three.run(COUNT, ['n'], [])).toBe(2);
    expect(await zero.run(COUNT, ['n'], [])).toBe(1);
    expect(await failure(connect({ url: `${server.url}/99` }))).toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('DB index is out of range'),
    });
  });

  it('ends at its deadline while Redis stands still, and what follows does not wait', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: 200 });
    await works(link);
    server.signal('SIGSTOP');
    const first = await failure(link);
    expect(first.reason).toBe('timeout');
    expect(first.tookMs).toBeGreaterThanOrEqual(199);
    expect(first.tookMs).toBeLessThan(200 + SLACK_MS);
    await expect.poll(() => link.state, { interval: 5, timeout: 200 + SLACK_MS }).toBe('lost');
    const later = await failure(link);
    expect(later).toMatchObject({ reason: 'unreachable' });
    expect(later.tookMs).toBeLessThan(50);
    server.signal('SIGCONT');
    await worksAgain(link);
    expect(told()).toEqual(['redis.ready', 'redis.lost', 'redis.ready']);
  });

  it('is not sent again when the connection broke before it was there', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 200 });
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    proxy.freeze();
    await expect(link.run(COUNT, ['n'], [])).rejects.toMatchObject({ reason: 'timeout' });
    await proxy.cut();
    await proxy.resume();
    await worksAgain(link);
    expect(await link.run(COUNT, ['n'], [])).toBe(2);
  });

  it('runs once, if late, where it lay in a socket while Redis stood still', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: 200 });
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    server.signal('SIGSTOP');
    await expect(link.run(COUNT, ['n'], [])).rejects.toMatchObject({ reason: 'timeout' });
    await expect.poll(() => link.state).toBe('lost');
    server.signal('SIGCONT');
    await worksAgain(link);
    expect(await link.run(COUNT, ['n'], [])).toBeLessThanOrEqual(3);
  });

  it('that was under way when the connection broke may have run, and says so', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    await works(link);
    server.signal('SIGSTOP');
    const call = echo(link);
    call.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.signal('SIGKILL');
    await expect(call).rejects.toMatchObject({ reason: 'timeout', message: expect.stringContaining('broke') });
  });
});

describe('Redis comes back', () => {
  it('after kill -9, empty', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    server.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    expect(await failure(link)).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('ECONN') });
    await server.restart();
    await worksAgain(link);
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
  });

  it('twenty times, and leaves no connection behind', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, name: 'leaky' });
    let gaps = 0;
    link.subscribe(
      'news',
      () => {},
      () => gaps++,
    );
    await expect.poll(() => gaps).toBe(1);
    for (let times = 0; times < 20; times++) {
      server.signal('SIGKILL');
      await server.restart();
      await worksAgain(link);
      await expect.poll(() => gaps, { timeout: 5_000 }).toBe(times + 2);
    }
    await expect.poll(() => connections(server.port, 'leaky')).toBe(2);
  });

  it('when it had vanished without a word, within about two deadlines', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 200 });
    await works(link);
    proxy.freeze();
    const startedMs = performance.now();
    expect(await failure(link)).toMatchObject({ reason: 'timeout' });
    await expect.poll(() => link.state, { interval: 5 }).toBe('lost');
    expect(performance.now() - startedMs).toBeLessThan(400 + SLACK_MS);
    await proxy.resume();
    await worksAgain(link);
  });

  it('when it had vanished while nobody asked', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 100 });
    await works(link);
    proxy.freeze();
    await expect.poll(() => link.state, { timeout: 2_000 }).toBe('lost');
    await proxy.resume();
    await expect.poll(() => link.state, { timeout: 5_000 }).toBe('ready');
  });

  it('after a moment of slowness: the connection is kept when Redis answers in the end', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: 300 });
    await works(link);
    server.signal('SIGSTOP');
    expect(await failure(link)).toMatchObject({ reason: 'timeout' });
    server.signal('SIGCONT');
    await works(link);
    expect(told()).toEqual(['redis.ready']);
  });
});

describe('a password', () => {
  it('is needed, and the reason is told in the words of the server', async () => {
    await using server = await startServer('redis', { password: 'lamp' });
    await works(connect({ url: server.url, password: 'lamp' }));
    const none = await failure(connect({ url: server.url }));
    expect(none).toMatchObject({ reason: 'refused', message: expect.stringContaining('NOAUTH') });
    const wrong = connect({ url: server.url, password: 'not the lamp' });
    expect(await failure(wrong)).toMatchObject({ reason: 'refused', message: expect.stringContaining('WRONGPASS') });
    expect(await failure(wrong)).toMatchObject({ reason: 'refused' });
    expect(JSON.stringify(events, (_, value) => (value instanceof Error ? String(value) : value))).not.toContain(
      'lamp',
    );
  });

  it('does no harm where none is asked for', async () => {
    await using server = await startServer('redis');
    await works(connect({ url: server.url, password: 'lamp' }));
  });

  it('of a user who may do little is enough', async () => {
    await using server = await startServer('redis', { password: 'lamp' });
    await askRedis(server.port, 'ACL SETUSER keeper on >key +eval +evalsha +client|setname ~*', { password: 'lamp' });
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

describe('messages', () => {
  it('come to everybody who listens, and to nobody else, also after Redis was gone', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    const publish = (channel: string, text: string) =>
      link.run(lua(`return redis.call('PUBLISH', ARGV[1], ARGV[2])`), [], [channel, text]);
    const [first, second, other]: string[][] = [[], [], []];
    let gaps = 0;
    const one = link.subscribe(
      'news',
      (text) => first!.push(text),
      () => gaps++,
    );
    link.subscribe('news', () => {
      throw new Error('a bad listener');
    });
    link.subscribe('news', (text) => second!.push(text));
    link.subscribe('other', (text) => other!.push(text));
    await expect.poll(() => gaps).toBe(1);
    await expect.poll(() => publish('other', 'o')).toBe(1);
    await publish('news', 'a');
    await expect.poll(() => [first, second, other?.length]).toEqual([['a'], ['a'], expect.any(Number)]);
    expect(told()).toContain('trouble');
    server.signal('SIGKILL');
    await server.restart();
    await expect.poll(() => gaps, { timeout: 5_000 }).toBe(2);
    await worksAgain(link);
    await publish('news', 'b');
    await expect
      .poll(() => [first, second])
      .toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
    one[Symbol.dispose]();
    await publish('news', 'c');
    await expect.poll(() => second).toEqual(['a', 'b', 'c']);
    expect(first).toEqual(['a', 'b']);
  });

  it('need a connection only while somebody listens', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, name: 'ears' });
    expect(await connections(server.port, 'ears')).toBe(1);
    const [one, two] = [link.subscribe('a', () => {}), link.subscribe('b', () => {})];
    await expect.poll(() => connections(server.port, 'ears')).toBe(2);
    one[Symbol.dispose]();
    await works(link);
    expect(await connections(server.port, 'ears')).toBe(2);
    two[Symbol.dispose]();
    two[Symbol.dispose]();
    await expect.poll(() => connections(server.port, 'ears')).toBe(1);
    let gaps = 0;
    link.subscribe(
      'a',
      () => {},
      () => gaps++,
    );
    await expect.poll(() => gaps).toBe(1);
    link.subscribe(
      'a',
      () => {},
      () => gaps++,
    );
    await expect.poll(() => gaps).toBe(2);
  });
});

describe('closing', () => {
  const CLOSES_WITHIN_MS = 200 + SLACK_MS;

  async function closes(link: RedisLink): Promise<void> {
    const startedMs = performance.now();
    await link.close();
    expect(performance.now() - startedMs).toBeLessThan(CLOSES_WITHIN_MS);
    expect(link.state).toBe('closed');
    expect(await failure(link)).toMatchObject({ reason: 'closed' });
    expect(() => link.subscribe('news', () => {})).toThrow('closed');
    await link.close();
  }

  it('waits for what is under way', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    await works(link);
    const call = link.run(COUNT, ['n'], []);
    await closes(link);
    expect(await call).toBe(1);
  });

  it('while connecting, to what answers and to what does not', async () => {
    await using server = await startServer('redis');
    await closes(connect({ url: server.url, timeoutMs: 200 }));
    server.signal('SIGSTOP');
    const link = connect({ url: server.url, timeoutMs: 200 });
    const call = failure(link);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await closes(link);
    expect(await call).toMatchObject({ reason: 'closed' });
  });

  it('while Redis stands still in the middle of a call', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: 200 });
    link.subscribe('news', () => {});
    await works(link);
    server.signal('SIGSTOP');
    const call = failure(link);
    await closes(link);
    expect(await call).toMatchObject({ reason: 'timeout' });
  });

  it('while lost', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: 200 });
    link.subscribe('news', () => {});
    await works(link);
    server.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    await closes(link);
  });
});

describe('Sentinels', () => {
  it('lead to the new master, when the old one is dead, and hold when one of them hangs', async () => {
    await using group = await redisGroup();
    const link = connect({ url: group.url, timeoutMs: 500 });
    let gaps = 0;
    link.subscribe(
      'news',
      () => {},
      () => gaps++,
    );
    await works(link);
    group.sentinels[0]!.signal('SIGSTOP');
    group.master.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    await worksAgain(link, 20_000);
    await expect.poll(() => gaps, { timeout: 5_000 }).toBe(2);
    await group.master.restart();
    await works(link);
  });
});
