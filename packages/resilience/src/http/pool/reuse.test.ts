import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { settle } from '../../testing/virtual-clock.js';
import { TEST_CERTIFICATE } from '../connect/certificate.suite.js';
import { startServers, until } from './http-servers.suite.js';
import { get, metric, outcome, withPool } from './pool.suite.js';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';

type Answer = string | undefined;

/** A server that answers requests as the script says, by their number on their socket or what they ask; `undefined`: it hangs up. */
async function scripted(
  script: (onSocket: number, request: string, inAll: number) => Answer | Promise<Answer>,
  server: Server = createServer(),
) {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.push(socket);
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', async (data) => {
      const request = String(data).split('\r\n')[0]!;
      requests.push(request);
      const answer = await script(++count, request, requests.length);
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sockets,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('HttpPool: a reused socket that is dead', () => {
  it('sends an idempotent request once more where the socket is lost before an answer', async () => {
    await using server = await scripted((onSocket) => (onSocket === 1 ? ANSWER : undefined));
    await using pool = withPool();
    await get(server.url, pool);
    expect(await get(server.url, pool)).toBe('hello');
    expect(server.sockets).toHaveLength(2);
    expect(server.requests).toHaveLength(3);
    expect(metric(pool, 'repeats_total')).toEqual({ '': 1 });
  });

  it('does so with the bodies that it can send again', async () => {
    await using server = await scripted((onSocket) => (onSocket === 1 ? ANSWER : undefined));
    let repeats = 0;
    const ask = async (options: object) => {
      await using pool = withPool();
      await get(server.url, pool);
      const answer = await outcome(get(server.url, pool, options));
      repeats += metric(pool, 'repeats_total')[''] ?? 0;
      return answer;
    };
    for (const body of ['text', Buffer.from('bytes'), new Uint8Array(3)])
      expect(await ask({ method: 'PUT', body })).toBe('hello');
    expect(await ask({ method: 'POST', body: 'x', idempotent: true })).toBe('hello');
    expect(repeats).toBe(4);
    const lost = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;
    expect(await ask({ method: 'PUT', body: Readable.from(['stream']) })).toMatch(lost);
    expect(await ask({ method: 'POST', body: 'x' })).toMatch(lost);
    expect(await ask({ idempotent: false })).toMatch(lost);
    expect(repeats).toBe(4);
  });

  it('does so once, and not on a socket that never served', async () => {
    await using always = await scripted(() => undefined);
    await using pool = withPool();
    expect(await outcome(get(always.url, pool))).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    expect(always.requests).toHaveLength(1);
    await using once = await scripted((_onSocket, _request, inAll) => (inAll === 1 ? ANSWER : undefined));
    await get(once.url, pool);
    expect(await outcome(get(once.url, pool))).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    expect(once.requests).toHaveLength(3);
  });

  it('does so once, even where it finds another socket that had served', async () => {
    let answer: (() => void) | undefined;
    const held = () => new Promise<void>((resolve) => (answer = resolve));
    await using server = await scripted(async (_onSocket, request) => {
      if (request.includes('/lost')) return undefined;
      if (request.includes('/slow')) await held();
      return ANSWER;
    });
    let looked: Promise<Array<{ address: string; family: 4 }>> = Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    await using pool = withPool({ nameLookup: { lookup: () => looked } });
    const url = server.url.replace('127.0.0.1', 'a.test');
    await Promise.all([get(url, pool), get(url, pool)]);
    const slow = get(`${url}slow`, pool);
    await until(() => answer !== undefined);
    // From now on no fresh socket can be had.
    looked = new Promise(() => {});
    const lost = outcome(get(`${url}lost`, pool));
    await until(() => pool.counts.connecting === 1);
    answer!();
    expect(await slow).toBe('hello');
    expect(await lost).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
    expect(server.requests.filter((request) => request.includes('/lost'))).toHaveLength(2);
    expect(metric(pool, 'repeats_total')).toEqual({ '': 1 });
  });

  it('keeps its accounts where its origin was forgotten meanwhile', async () => {
    const hangUpOn = (path: string) => (onSocket: number, request: string) =>
      onSocket > 1 && request.includes(path) ? undefined : ANSWER;
    await using server = await scripted(hangUpOn('/lost'), createTlsServer(TEST_CERTIFICATE));
    await using pool = withPool({ tls: { ca: TEST_CERTIFICATE.cert }, maxConnectionsPerHost: 1 });
    const url = server.url.replace('http:', 'https:');
    await get(url, pool);
    // With TLS the transport is closed, and its origin without a socket, before undici hears of it.
    const other = new Promise<string>((resolve, reject) => {
      pool.once('disconnect', () => process.nextTick(() => get(`${url}other`, pool).then(resolve, reject)));
    });
    expect(await get(`${url}lost`, pool)).toBe('hello');
    expect(await other).toBe('hello');
    await until(() => pool.counts.busy === 0);
    expect(pool.counts).toMatchObject({ open: 1, idle: 1, origins: 1 });
    expect(metric(pool, 'repeats_total')).toEqual({ '': 1 });
  });

  it('sends it before those that wait, since it was there before them', async () => {
    await using server = await scripted((onSocket, request) =>
      onSocket === 1 || !request.includes('/lost') ? ANSWER : undefined,
    );
    await using pool = withPool({ maxConnections: 1 });
    await get(server.url, pool);
    await Promise.all(['lost', 'first', 'second'].map((path) => get(`${server.url}${path}`, pool)));
    expect(server.requests.map((request) => request.split(' ')[1])).toEqual([
      '/',
      '/lost',
      '/lost',
      '/first',
      '/second',
    ]);
  });

  it('does not where an answer has begun', async () => {
    await using server = await scripted((onSocket) => (onSocket === 1 ? ANSWER : 'HTTP/1.1 200 OK\r\n'));
    await using pool = withPool();
    await get(server.url, pool);
    const running = outcome(get(server.url, pool));
    await until(() => server.requests.length === 2);
    await settle();
    server.sockets[0]!.end();
    expect(await running).not.toBe('hello');
    expect(server.requests).toHaveLength(2);
  });

  it('gives up the other idle sockets of the origin then: what closed one has closed them all', async () => {
    await using server = await scripted((onSocket) => (onSocket === 1 ? ANSWER : undefined));
    await using pool = withPool();
    await Promise.all([get(server.url, pool), get(server.url, pool), get(server.url, pool)]);
    const before = server.sockets.length;
    expect(pool.counts.idle).toBe(before);
    expect(await get(server.url, pool)).toBe('hello');
    expect(server.requests).toHaveLength(5);
    await until(() => pool.counts.open === 1);
    expect(metric(pool, 'evictions_total')).toEqual({ '': before - 1 });
  });

  it.each([
    ['closed', (socket: Socket) => socket.destroy()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('sends any request elsewhere where the socket was %s before it was sent', async (_how, end) => {
    await using servers = await startServers(1, (_request, response) => void response.end('hello'));
    await using pool = withPool();
    for (let round = 0; round < 5; round++) {
      await get(servers.url, pool);
      await until(() => pool.counts.idle === 1);
      const [socket] = servers.sockets;
      await once(end(socket!), 'close');
      // The end of the socket has arrived, and nobody has looked yet, when the request is given to it.
      expect(pool.counts.idle).toBe(1);
      expect(await get(servers.url, pool, { method: 'POST', body: Readable.from(['stream']) })).toBe('hello');
    }
  });

  it('sends it nowhere else where it is the body that fails', async () => {
    await using servers = await startServers(1, (_request, response) => void response.end('hello'));
    await using pool = withPool();
    await get(servers.url, pool);
    await until(() => pool.counts.idle === 1);
    const accepted = servers.accepted;
    const body = new Readable({ read() {} });
    const failing = outcome(get(servers.url, pool, { method: 'POST', body }));
    body.destroy(Object.assign(new Error('of the body'), { code: 'ECONNRESET' }));
    expect(await failing).toBe('ECONNRESET');
    expect(servers.accepted).toBe(accepted);
  });
});
