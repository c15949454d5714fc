import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { RejectedError } from '../../core/errors.js';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../../core/events.js';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { NameLookupError } from '../lookup/name-lookup-error.js';
import { httpPool } from './http-pool.js';
import { startServers, until } from './http-servers.suite.js';
import { get, metric, outcome, withPool } from './pool.suite.js';

describe('HttpPool: close', () => {
  it('waits for every request, those that wait included, and then closes every socket', async () => {
    const answers: Array<() => void> = [];
    await using servers = await startServers(1, (_request, response) => void answers.push(() => response.end('hello')));
    const pool = httpPool({ maxConnections: 1 });
    const running = [get(servers.url, pool), get(servers.url, pool)];
    await until(() => answers.length === 1);
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    expect([pool.closed, pool.destroyed]).toEqual([true, false]);
    await expect(get(servers.url, pool)).rejects.toMatchObject({
      reason: 'shutdown',
      cause: expect.any(errors.ClientClosedError),
    });
    answers[0]!();
    await until(() => answers.length === 2);
    expect(closed).toBe(false);
    answers[1]!();
    expect(await Promise.all(running)).toEqual(['hello', 'hello']);
    await closing;
    expect(pool.counts).toMatchObject({ open: 0, origins: 0 });
    expect(pool.destroyed).toBe(true);
    await until(() => servers.sockets.size === 0);
    expect(servers.accepted).toBe(1);
  });

  it('may be asked for twice, with callbacks, and not after destroy', async () => {
    const idle = httpPool();
    await Promise.all([idle.close(), idle.close(), new Promise<void>((resolve) => idle.close(resolve))]);
    await expect(idle.close()).rejects.toBeInstanceOf(errors.ClientDestroyedError);
    const error = await new Promise((resolve) => idle.close(resolve as () => void));
    expect(error).toBeInstanceOf(errors.ClientDestroyedError);
  });
});

describe('HttpPool: destroy', () => {
  it('ends what runs with the error, refuses what waits, and resolves when nothing is open', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/half') response.write('half');
    });
    const pool = httpPool({ maxConnections: 2 });
    const error = new Error('going down');
    const running = [outcome(get(servers.url, pool)), outcome(get(`${servers.url}half`, pool))];
    const waiting = get(servers.url, pool);
    waiting.catch(() => {});
    await until(() => servers.sockets.size === 2 && pool.counts.busy === 2);
    await pool.destroy(error);
    expect(await Promise.all(running)).toEqual(['going down', 'going down']);
    await expect(waiting).rejects.toMatchObject({ reason: 'shutdown', cause: error });
    await expect(waiting).rejects.toBeInstanceOf(RejectedError);
    expect(pool.counts).toMatchObject({ open: 0, queued: 0, origins: 0 });
    await until(() => servers.sockets.size === 0);
  });

  it('ends what is being opened', async () => {
    const nameLookup = { lookup: () => new Promise<never>(() => {}) };
    const pool = httpPool({ nameLookup });
    const running = get('http://a.test/', pool);
    running.catch(() => {});
    expect(pool.counts.connecting).toBe(1);
    await new Promise<void>((resolve) => pool.destroy(null, resolve));
    await expect(running).rejects.toMatchObject({ reason: 'shutdown' });
    expect(pool.counts).toMatchObject({ open: 0, origins: 0 });
    expect(metric(pool, 'connect_errors_total')).toEqual({ cancelled: 1 });
  });

  it('gives the place of a handshake that failed away when the other side has had time to know', async () => {
    const mute = createTcpServer();
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const clock = new VirtualClock();
    const pool = httpPool({ clock, connectTimeoutMs: 1000 });
    const running = outcome(get(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`, pool));
    const [socket] = (await once(mute, 'connection')) as [Socket];
    await once(socket, 'readable');
    await clock.advance(1000);
    expect(await running).toBe('UND_ERR_CONNECT_TIMEOUT');
    expect(pool.counts).toMatchObject({ open: 1, closing: 1 });
    await clock.advance(499);
    expect(pool.counts.closing).toBe(1);
    await clock.advance(1);
    expect(pool.counts.open).toBe(0);
    socket.destroy();
    mute.close();
    await pool.close();
  });

  it('does not wait for the other side where a handshake hangs', async () => {
    const mute = createTcpServer();
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const pool = httpPool({ clock: new VirtualClock() });
    const running = outcome(get(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`, pool));
    const [socket] = (await once(mute, 'connection')) as [Socket];
    await once(socket, 'readable');
    await pool.destroy();
    expect(await running).toBe('shutdown');
    expect(pool.counts.open).toBe(0);
    socket.destroy();
    mute.close();
  });

  it('sends nothing again, whatever it ends requests with', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/') response.end('hello');
    });
    const pool = httpPool();
    await get(servers.url, pool);
    const running = outcome(get(`${servers.url}hold`, pool));
    await until(() => pool.counts.busy === 1);
    for (let turn = 0; turn < 3; turn++) await settle();
    await pool.destroy(Object.assign(new Error('going down'), { code: 'ECONNRESET' }));
    expect(await running).toBe('shutdown');
    expect(pool.counts.open).toBe(0);
    expect(servers.accepted).toBe(1);
  });

  it('is the end of close, and may be asked for twice', async () => {
    await using servers = await startServers(1, () => {});
    const pool = httpPool();
    const running = outcome(get(servers.url, pool));
    await until(() => servers.sockets.size === 1);
    const closing = pool.close();
    await Promise.all([pool.destroy(), new Promise<void>((resolve) => pool.destroy(resolve))]);
    expect(await running).toBe('UND_ERR_DESTROYED');
    await closing;
    await expect(get(servers.url, pool)).rejects.toMatchObject({ reason: 'shutdown' });
  });
});

describe('HttpPool: errors', () => {
  it('passes on why there is no connection, and counts it in few words', async () => {
    await using gone = await startServers(1, () => {});
    await gone[Symbol.asyncDispose]();
    const failure = new NameLookupError('gone.test', 'ENOTFOUND');
    await using pool = withPool({ nameLookup: { lookup: () => Promise.reject(failure) } });
    expect(await outcome(get(gone.url, pool))).toBe('ECONNREFUSED');
    await expect(get('http://gone.test/', pool)).rejects.toBe(failure);
    await using plain = await startServers(1, () => {});
    expect(await outcome(get(plain.url.replace('http:', 'https:'), pool))).toMatch(/^(ERR_SSL_|EPROTO)/);
    expect(metric(pool, 'connect_errors_total')).toEqual({ refused: 1, dns: 1, tls: 1 });
  });

  it('fails one request for each attempt, so that who waits is told as soon as there is something to tell', async () => {
    await using gone = await startServers(1, () => {});
    await gone[Symbol.asyncDispose]();
    await using pool = withPool({ maxConnections: 2 });
    const running = Array.from({ length: 6 }, () => outcome(get(gone.url, pool)));
    expect(await Promise.all(running)).toEqual(new Array(6).fill('ECONNREFUSED'));
    expect(metric(pool, 'connect_errors_total')).toEqual({ refused: 6 });
  });

  it('drains where everybody who waited has failed', async () => {
    await using pool = withPool({
      maxConnectionsPerHost: 1,
      nameLookup: { lookup: () => Promise.reject(new Error('no name')) },
    });
    let drains = 0;
    pool.on('drain', () => drains++);
    const failed: string[] = [];
    const dispatch = () =>
      pool.dispatch(
        { origin: 'http://a.test', path: '/', method: 'GET' },
        { onConnect() {}, onError: ({ message }) => void failed.push(message) },
      );
    expect([dispatch(), dispatch()]).toEqual([true, false]);
    await until(() => failed.length === 2);
    expect(drains).toBe(1);
    expect(dispatch()).toBe(true);
  });

  it('does not say that it is full where a request is refused, as no drain would follow', async () => {
    await using pool = withPool();
    const failed: string[] = [];
    const dispatch = (options: object) =>
      pool.dispatch(
        { origin: 'http://a.test', path: '/', method: 'GET', ...options },
        { onConnect() {}, onError: ({ name }) => void failed.push(name) },
      );
    expect(dispatch({ deadline: 0 })).toBe(true);
    expect(dispatch({ origin: 'nowhere' })).toBe(true);
    expect(failed).toEqual(['RejectedError', 'InvalidArgumentError']);
  });

  it('keeps answers to their size, and to their time', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/large') response.end('x'.repeat(1001));
      else if (request.url === '/drip') response.write('x');
      else if (request.url === '/ok') response.end('hello');
    });
    await using pool = withPool({ maxResponseBytes: 1000, readTimeoutMs: 1 });
    expect(await outcome(get(`${servers.url}large`, pool))).toBe('UND_ERR_RES_EXCEEDED_MAX_SIZE');
    await get(`${servers.url}ok`, pool);
    const [silent, drip] = [outcome(get(servers.url, pool)), outcome(get(`${servers.url}drip`, pool))];
    expect(await silent).toBe('UND_ERR_HEADERS_TIMEOUT');
    expect(await drip).toBe('UND_ERR_BODY_TIMEOUT');
    expect(metric(pool, 'repeats_total')).toEqual({});
    await until(() => pool.counts.open === 0);
  });
});

describe('HttpPool: the rest', () => {
  it('gives an upgraded socket away, and counts it until it is closed', async () => {
    const server: Server = createServer();
    server.on('upgrade', (_request, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await using pool = withPool({ maxConnections: 1 });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { socket } = await pool.upgrade({ origin, path: '/', protocol: 'echo' } as Parameters<
      typeof pool.upgrade
    >[0]);
    socket.write('ping');
    expect(String((await once(socket, 'data'))[0])).toBe('ping');
    expect(pool.counts).toMatchObject({ busy: 1, open: 1 });
    await pool.close();
    socket.write('pong');
    expect(String((await once(socket, 'data'))[0])).toBe('pong');
    socket.end();
    await until(() => pool.counts.open === 0);
    server.close();
  });

  it('leaves a socket that it gave away alone when its user finds it idle, also one that lay unused before', async () => {
    const server: Server = createServer((_request, response) => void response.end('hello'));
    server.on('upgrade', (_request, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = [{ address: '127.0.0.1', family: 4 as const }];
    const found: Array<() => void> = [];
    const nameLookup = { lookup: () => new Promise<typeof address>((resolve) => found.push(() => resolve(address))) };
    await using pool = withPool({ nameLookup });
    const origin = `http://a.test:${(server.address() as AddressInfo).port}`;
    const both = [get(origin, pool), get(origin, pool)];
    await until(() => found.length === 2);
    found[0]!();
    await Promise.all(both);
    found[1]!();
    await until(() => pool.counts.idle === 2);
    const upgrade = { origin, path: '/', protocol: 'echo' } as Parameters<typeof pool.upgrade>[0];
    const { socket } = await pool.upgrade(upgrade);
    (socket as Socket).setTimeout(1);
    await once(socket, 'timeout');
    socket.write('ping');
    expect(String((await once(socket, 'data'))[0])).toBe('ping');
    socket.destroy();
    server.close();
  });

  it('publishes what happens, and measures it', async () => {
    await using servers = await startServers(1, (_request, response) => void response.end('hello'));
    const events: ResilienceEvent[] = [];
    const listen = (event: unknown) => void events.push(event as ResilienceEvent);
    subscribe(RESILIENCE_CHANNEL, listen);
    const pool = httpPool({ name: 'probes', maxConnections: 1, maxQueued: 0 });
    try {
      const refused = [get(servers.url, pool), outcome(get(servers.url, pool))] as const;
      expect(await Promise.all(refused)).toEqual(['hello', 'queue-full']);
      await pool.close();
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    const origin = servers.url.slice(0, -1);
    expect(events).toEqual([
      { type: 'rejected', policy: 'probes', reason: 'queue-full', key: origin },
      { type: 'connection_pool.connected', policy: 'probes', origin },
      { type: 'connection_pool.disconnected', policy: 'probes', origin, cause: expect.any(Error) },
    ]);
    expect(metric(pool, 'connects_total')).toEqual({ '': 1 });
    expect(metric(pool, 'connections_max')).toEqual({ '': 1 });
    expect(metric(pool, 'connections')).toEqual({});
    for (const histogram of ['wait_seconds', 'connect_seconds']) {
      const { counts, sum } = metric(pool, histogram)['']! as unknown as { counts: number[]; sum: number };
      expect(counts.reduce((total, count) => total + count)).toBe(1);
      expect(sum).toBeGreaterThan(0);
    }
    expect(metric(pool, 'lookups_pending')).toEqual({});
  });
});
