import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { getActiveResourcesInfo } from 'node:process';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.js';
import type { HttpPoolOptions } from './http-pool.js';
import { startServers, until } from './http-servers.suite.js';
import { requestSocket } from './phases.js';
import { get, outcome, withPool } from './pool.suite.js';

/** A pool with two idle sockets, of which one has never served. */
async function setup(options: HttpPoolOptions = {}) {
  const answers: Array<() => void> = [];
  let held = false;
  const servers = await startServers(1, (_request, response: ServerResponse) => {
    const answer = () => void response.end('hello');
    if (held) answers.push(answer);
    else answer();
  });
  const address = { address: '127.0.0.1', family: 4 as const };
  let found: (addresses: Array<typeof address>) => void = () => {};
  let looked = Promise.resolve([address]);
  const pool = withPool({ nameLookup: { lookup: () => looked }, ...options });
  const url = servers.url.replace('127.0.0.1', 'a.test');
  const first = get(url, pool);
  await until(() => pool.counts.busy === 1);
  looked = new Promise((resolve) => {
    found = resolve;
  });
  // The second is served by the socket of the first, while one is opened for it.
  await Promise.all([first, get(url, pool)]);
  found([address]);
  await until(() => servers.accepted === 2);
  return {
    servers,
    pool,
    url,
    answers,
    find: () => {
      looked = Promise.resolve([address]);
    },
    hold: () => {
      held = true;
    },
    async [Symbol.asyncDispose]() {
      await pool.destroy();
      await servers[Symbol.asyncDispose]();
    },
  };
}

describe('HttpPool: idle sockets', () => {
  it('are closed after their time, those that never served, too', async () => {
    await using scene = await setup({ keepAliveTimeoutMs: 50 });
    const { pool, servers } = scene;
    await until(() => pool.counts.open === 0 && servers.sockets.size === 0);
    expect(pool.counts.origins).toBe(0);
  });

  it('are gone as soon as their server has closed them', async () => {
    await using scene = await setup({ clock: new VirtualClock() });
    const { pool, servers } = scene;
    await until(() => pool.counts.idle === 2);
    for (const socket of servers.sockets) socket.destroy();
    await until(() => pool.counts.open === 0);
  });

  it('are given up when their server says something that nobody asked for', async () => {
    const clock = new VirtualClock();
    await using scene = await setup({ clock });
    const { pool, servers, url } = scene;
    await until(() => pool.counts.idle === 2);
    for (const socket of servers.sockets) socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n');
    await until(() => pool.counts.idle === 0);
    await clock.advance(500);
    expect(pool.counts.open).toBe(0);
    scene.find();
    expect(await get(url, pool)).toBe('hello');
  });

  it('serve without a limit to their silence, and keep the process alive only then', async () => {
    await using scene = await setup({ keepAliveTimeoutMs: 10_000 });
    const { pool, url, answers, hold } = scene;
    await until(() => pool.counts.idle === 2);
    const sockets = () => getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
    const before = sockets();
    hold();
    const running = [request(url, { dispatcher: pool }), request(url, { dispatcher: pool })];
    await until(() => answers.length === 2);
    expect(sockets()).toBe(before + 2);
    for (const answer of answers) answer();
    for (const { body, context } of await Promise.all(running)) {
      expect(requestSocket(context)!.timeout ?? 0).toBe(0);
      await body.dump();
    }
    await until(() => sockets() === before);
  });

  it('hold their places no longer than half a second where the other side does not close its end', async () => {
    const sockets: Socket[] = [];
    const stubborn = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
    });
    await once(stubborn.listen(0, '127.0.0.1'), 'listening');
    await using servers = await startServers(1, (_request, response) => void response.end('hello'));
    const clock = new VirtualClock();
    await using pool = withPool({ clock, maxConnections: 1 });
    expect(await get(`http://127.0.0.1:${(stubborn.address() as AddressInfo).port}/`, pool)).toBe('hello');
    const next = get(servers.url, pool);
    await once(sockets[0]!, 'end');
    await clock.advance(499);
    expect(pool.counts).toMatchObject({ closing: 1, queued: 1 });
    await clock.advance(1);
    expect(await next).toBe('hello');
    for (const socket of sockets) socket.destroy();
    stubborn.close();
  });
});

describe('HttpPool: sockets that are closed under a request', () => {
  it('hold their places for half a second, and not beyond the end of the pool', async () => {
    await using servers = await startServers(1, (_request, response) => void response.write('half'));
    const clock = new VirtualClock();
    await using pool = withPool({ clock, maxConnections: 2 });
    const abort = async () => {
      const { body } = await request(servers.url, { dispatcher: pool });
      body.on('error', () => {}).destroy();
      await until(() => pool.counts.closing === 1);
    };
    await abort();
    await clock.advance(499);
    expect(pool.counts.closing).toBe(1);
    await clock.advance(1);
    expect(pool.counts.open).toBe(0);
    await abort();
    const running = outcome(get(servers.url, pool));
    await until(() => pool.counts.busy === 1);
    await pool.destroy();
    expect(await running).toBe('UND_ERR_DESTROYED');
    expect(pool.counts.open).toBe(0);
  });
});
