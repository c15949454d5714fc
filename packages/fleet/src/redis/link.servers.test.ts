import { askRedis, startServer, tcpProxy } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import {
  COUNT,
  connect,
  connections,
  failure,
  inTime,
  isLost,
  lua,
  SLACK_MS,
  told,
  watchLinks,
  works,
  worksAgain,
} from './link.suite.js';
import type { RedisLink } from './redis-link.js';

watchLinks();

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** Long enough for a busy machine to connect within it, and to answer. */
const TIMEOUT_MS = 1_500;

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
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
    await works(link);
    server.signal('SIGSTOP');
    const lost = isLost();
    const first = failure(link);
    expect(await inTime(first, TIMEOUT_MS + SLACK_MS)).toBe(true);
    const { reason, tookMs } = await first;
    expect(reason).toBe('timeout');
    expect(tookMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 1);
    expect(await inTime(lost, TIMEOUT_MS + SLACK_MS)).toBe(true);
    expect(link.state).toBe('lost');
    const later = failure(link);
    expect(await inTime(later, 50)).toBe(true);
    expect(await later).toMatchObject({ reason: 'unreachable' });
    server.signal('SIGCONT');
    await worksAgain(link);
    expect(told()).toEqual(['redis.ready', 'redis.lost', 'redis.ready']);
  });

  it('is not sent again when the connection broke before it was there', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: TIMEOUT_MS });
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
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
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
    const link = connect({ url: server.url, timeoutMs: 30_000 });
    await works(link);
    server.signal('SIGSTOP');
    const call = failure(link);
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.signal('SIGKILL');
    expect(await call).toMatchObject({ reason: 'timeout', message: expect.stringContaining('broke') });
  });
});

describe('Redis comes back', () => {
  it('after kill -9, empty', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    expect(await link.run(COUNT, ['n'], [])).toBe(1);
    server.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    // At first it knows that the connection ended, and when it has tried that nobody listens.
    await expect
      .poll(() => failure(link))
      .toMatchObject({ reason: 'unreachable', message: expect.stringContaining('ECONN') });
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
      await expect.poll(() => gaps).toBe(times + 2);
    }
    await expect.poll(() => connections(server.port, 'leaky')).toBe(2);
  });

  it('when it had vanished without a word, within about two deadlines', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: TIMEOUT_MS });
    await works(link);
    proxy.freeze();
    const lost = isLost();
    const call = failure(link);
    expect(await inTime(lost, TIMEOUT_MS + SLACK_MS, TIMEOUT_MS + SLACK_MS)).toBe(true);
    expect(link.state).toBe('lost');
    expect(await call).toMatchObject({ reason: 'timeout' });
    await proxy.resume();
    await worksAgain(link);
  });

  it('when it had vanished while nobody asked', async () => {
    await using server = await startServer('redis');
    await using proxy = await tcpProxy(server.port);
    const link = connect({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 300 });
    await worksAgain(link);
    proxy.freeze();
    await expect.poll(() => link.state).toBe('lost');
    await proxy.resume();
    await expect.poll(() => link.state).toBe('ready');
  });

  it('after a moment of slowness: the connection is kept when Redis answers in the end', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
    await works(link);
    server.signal('SIGSTOP');
    expect(await failure(link)).toMatchObject({ reason: 'timeout' });
    server.signal('SIGCONT');
    await works(link);
    expect(told()).toEqual(['redis.ready']);
  });
});

it('counts how calls ended, and whether Redis is there', async () => {
  await using server = await startServer('redis');
  const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
  const counted = () => {
    const values: Record<string, unknown> = {};
    link.measure(({ name }, labels, value) => {
      values[[name, ...Object.values(labels)].join(' ')] = typeof value === 'number' ? value : sum(value.counts);
    });
    return values;
  };
  await works(link);
  await link.run(lua('return {'), [], []).catch(() => {});
  expect(counted()).toMatchObject({ fleet_redis_connected: 1, fleet_redis_call_seconds: 2 });
  server.signal('SIGSTOP');
  await failure(link);
  await expect.poll(() => link.state).toBe('lost');
  await failure(link);
  await link.close();
  await failure(link);
  expect(counted()).toEqual({
    fleet_redis_connected: 0,
    'fleet_redis_calls_total ok': 1,
    'fleet_redis_calls_total refused': 1,
    'fleet_redis_calls_total timeout': 1,
    'fleet_redis_calls_total unreachable': 1,
    'fleet_redis_calls_total closed': 1,
    fleet_redis_call_seconds: 2,
    'fleet_redis_losses_total calls': 1,
    'fleet_redis_losses_total messages': 0,
  });
});

describe('closing', () => {
  const CLOSES_WITHIN_MS = TIMEOUT_MS + SLACK_MS;

  async function closes(link: RedisLink): Promise<void> {
    expect(await inTime(link.close(), CLOSES_WITHIN_MS)).toBe(true);
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
    await closes(connect({ url: server.url, timeoutMs: TIMEOUT_MS }));
    server.signal('SIGSTOP');
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
    const call = failure(link);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await closes(link);
    expect(await call).toMatchObject({ reason: 'closed' });
  });

  it('while Redis stands still in the middle of a call', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
    link.subscribe('news', () => {});
    await works(link);
    server.signal('SIGSTOP');
    const call = failure(link);
    await closes(link);
    expect(await call).toMatchObject({ reason: 'timeout' });
  });

  it('while lost', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, timeoutMs: TIMEOUT_MS });
    link.subscribe('news', () => {});
    await works(link);
    server.signal('SIGKILL');
    await expect.poll(() => link.state).toBe('lost');
    await closes(link);
  });
});
