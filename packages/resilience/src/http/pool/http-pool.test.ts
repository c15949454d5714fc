import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent, type Dispatcher, errors, fetch, interceptors, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.js';
import { TEST_CERTIFICATE } from '../connect/certificate.suite.js';
import type { NameLookup } from '../lookup/name-lookup.js';
import { httpPoolFromEnv } from './from-env.js';
import { type HttpPool, type HttpPoolOptions, httpPool } from './http-pool.js';
import { startServers, until } from './http-servers.suite.js';
import { requestPhases } from './phases.js';

const withPool = (options?: HttpPoolOptions): HttpPool & AsyncDisposable =>
  Object.assign(httpPool(options), {
    async [Symbol.asyncDispose](this: HttpPool) {
      await this.destroy();
    },
  });
const hello = (_request: unknown, response: ServerResponse) => void response.end('hello');
const get = async (url: string, dispatcher: Dispatcher) => (await request(url, { dispatcher })).body.text();
const loopback: NameLookup = { lookup: async () => [{ address: '127.0.0.1', family: 4 }] };

describe('HttpPool as a dispatcher', () => {
  it('serves request, stream, fetch, and the fetch of Node itself', async () => {
    await using servers = await startServers(1, hello);
    await using pool = withPool();
    expect(await get(servers.url, pool)).toBe('hello');
    expect(await (await fetch(servers.url, { dispatcher: pool })).text()).toBe('hello');
    const native = await globalThis.fetch(servers.url, { dispatcher: pool } as unknown as RequestInit);
    expect(await native.text()).toBe('hello');
    expect(servers.accepted).toBe(1);
  });

  it('sends bodies and passes headers and trailers on', async () => {
    await using servers = await startServers(1, (request, response) => {
      response.writeHead(201, { 'x-method': request.method, trailer: 'x-sum' });
      request.pipe(response, { end: false }).on('unpipe', () => {
        response.addTrailers({ 'x-sum': '42' });
        response.end();
      });
    });
    await using pool = withPool();
    const { statusCode, headers, body, trailers } = await request(servers.url, {
      dispatcher: pool,
      method: 'PUT',
      body: 'payload',
    });
    expect([statusCode, headers['x-method'], await body.text(), trailers]).toEqual([
      201,
      'PUT',
      'payload',
      { 'x-sum': '42' },
    ]);
  });

  it('lets interceptors be composed around it, and is closed through what they make', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/there' });
      response.end(request.url);
    });
    const composed = httpPool().compose(interceptors.redirect({ maxRedirections: 2 }));
    expect(await get(servers.url, composed)).toBe('/there');
    await composed.close();
    await until(() => servers.sockets.size === 0);
  });

  it('works with handlers of the newer form, which may pause, resume and abort', async () => {
    await using servers = await startServers(1, (_request, response) => {
      response.write('a');
      response.end('b');
    });
    await using pool = withPool();
    const seen: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      pool.dispatch(
        { origin: servers.url.slice(0, -1), path: '/', method: 'GET' },
        {
          onRequestStart: (controller) => seen.push(['start', controller.paused, controller.aborted]),
          onResponseStart: (controller, status, headers) => {
            seen.push(['head', status, headers['transfer-encoding'], Array.isArray(controller.rawHeaders)]);
            controller.pause();
            setImmediate(() => controller.resume());
          },
          onResponseData: (_controller, chunk) => seen.push(['data', String(chunk)]),
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    expect(seen.slice(0, 2)).toEqual([
      ['start', false, false],
      ['head', 200, 'chunked', true],
    ]);
    expect(
      seen
        .slice(2)
        .map((entry) => (entry as string[])[1])
        .join(''),
    ).toBe('ab');
    const aborted = new Promise((resolve) => {
      pool.dispatch(
        { origin: servers.url.slice(0, -1), path: '/', method: 'GET' },
        {
          onRequestStart: () => {},
          onResponseStart: (controller) => controller.abort(new Error('enough')),
          onResponseError: (controller, error) =>
            resolve([error.message, controller.aborted, controller.reason?.message]),
        },
      );
    });
    expect(await aborted).toEqual(['enough', true, 'enough']);
  });

  it('says so where a request goes nowhere', async () => {
    await using pool = withPool();
    for (const origin of [undefined, '', 'ftp://a.test', 'nonsense', 'http://a.test/path']) {
      const outcome = new Promise<Error>((resolve) => {
        pool.dispatch(
          { origin: origin as string, path: '/', method: 'GET' },
          { onConnect: () => {}, onError: resolve },
        );
      });
      expect(await outcome).toBeInstanceOf(errors.InvalidArgumentError);
    }
    expect(() => pool.dispatch({ path: '/', method: 'GET' }, undefined as never)).toThrow(errors.InvalidArgumentError);
    expect(() => pool.dispatch(undefined as never, {})).toThrow(errors.InvalidArgumentError);
    expect(() => pool.dispatch({ path: '/', method: 'GET' }, {})).toThrow('invalid onError method');
  });

  it('keeps its socket when undici will not have a request', async () => {
    await using servers = await startServers(1, hello);
    await using pool = withPool({ maxConnections: 1 });
    await expect(request(servers.url, { dispatcher: pool, headers: { 'bad name': 'x' } })).rejects.toBeInstanceOf(
      errors.InvalidArgumentError,
    );
    expect(await get(servers.url, pool)).toBe('hello');
    expect(servers.accepted).toBe(1);
  });

  it('tells of connections as undici does, and is full until it drains', async () => {
    const waiting: ServerResponse[] = [];
    await using servers = await startServers(1, (_request, response) => void waiting.push(response));
    await using pool = withPool({ maxConnections: 1 });
    const told: string[] = [];
    pool.on('connect', (origin, targets) => told.push(`connect ${origin.protocol} ${targets.length}`));
    pool.on('disconnect', (_origin, _targets, error) => told.push(`disconnect ${error instanceof Error}`));
    pool.on('connectionError', (origin) => told.push(`connectionError ${origin.hostname}`));
    pool.on('drain', () => told.push('drain'));
    const dispatch = () =>
      pool.dispatch(
        { origin: new URL(servers.url), path: '/', method: 'GET' },
        { onConnect() {}, onHeaders: () => true, onData: () => true, onComplete() {}, onError() {} },
      );
    expect([dispatch(), dispatch()]).toEqual([true, false]);
    for (let answered = 0; answered < 2; answered++) {
      await until(() => waiting.length > 0);
      waiting.pop()!.end();
    }
    await until(() => pool.counts.idle === 1);
    for (const socket of servers.sockets) socket.destroy();
    await until(() => pool.counts.open === 0);
    await servers[Symbol.asyncDispose]();
    await request(servers.url, { dispatcher: pool }).catch(() => {});
    expect(told).toEqual(['connect http: 2', 'drain', 'disconnect true', 'connectionError 127.0.0.1']);
  });
});

describe('HttpPool and origins', () => {
  it('takes different spellings of an origin for one', async () => {
    await using servers = await startServers(1, hello);
    await using pool = withPool({ nameLookup: loopback });
    const { port } = new URL(servers.url);
    for (const origin of [`http://a.test:${port}`, `HTTP://A.test:${port}/`, new URL(`http://a.test:${port}`)])
      await (await pool.request({ origin, path: '/', method: 'GET' })).body.text();
    expect(servers.accepted).toBe(1);
    expect(pool.counts.origins).toBe(1);
  });

  it('forgets an origin with its last socket', async () => {
    await using servers = await startServers(
      40,
      (_request, response) => void response.setHeader('connection', 'close').end(),
    );
    await using pool = withPool();
    for (const url of servers.urls) await get(url, pool);
    await until(() => pool.counts.open === 0);
    expect(pool.counts.origins).toBe(0);
  });

  it('verifies certificates, resumes TLS sessions, and makes a handshake for each server name', async () => {
    const server = createTlsServer({ ...TEST_CERTIFICATE }, hello);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const handshakes: Array<[string | false | null, boolean]> = [];
    server.on('secureConnection', (socket) => handshakes.push([socket.servername, socket.isSessionReused()]));
    const pool = withPool({ nameLookup: loopback, tls: { ca: TEST_CERTIFICATE.cert } });
    try {
      const url = `https://server.test:${port}/`;
      await get(url, pool);
      const { context } = await request(url, { dispatcher: pool, headers: { host: 'other.test' }, reset: true });
      expect(requestPhases(context)).toMatchObject({ reused: false });
      expect(requestPhases(context)!.tlsMs).toBeGreaterThan(0);
      for (const headers of [
        ['Host', 'other.test'],
        { HOST: 'other.test' },
        new Map([['host', 'other.test']]),
        pairs(),
      ])
        await (await request(url, { dispatcher: pool, headers: headers as Record<string, string> })).body.dump();
      expect(handshakes).toEqual([
        ['server.test', false],
        ['other.test', false],
        ['other.test', true],
      ]);
      await expect(get(`https://wrong.test:${port}/`, pool)).rejects.toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      });
      const strict = withPool({ nameLookup: loopback });
      await expect(get(url, strict)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      await strict.destroy();
    } finally {
      await pool.destroy();
      server.close();
    }
    function* pairs() {
      yield ['host', 'other.test'];
    }
  });
});

describe('HttpPool: options', () => {
  it('refuses those that make no sense', () => {
    for (const options of [
      { maxConnections: 0 },
      { maxConnections: 1.5 },
      { maxConnectionsPerHost: 0 },
      { maxQueued: -1 },
      { queueTimeoutMs: 0 },
      { connectTimeoutMs: Number.NaN },
      { readTimeoutMs: 0.5 },
      { readTimeoutMs: Number.POSITIVE_INFINITY },
      { keepAliveTimeoutMs: 0 },
      { maxResponseBytes: 0 },
      { family: 5 as never },
    ])
      expect(() => httpPool(options)).toThrow(ConfigError);
    expect(() => httpPool({ name: 'probes', maxConnections: -3 })).toThrow(
      'probes: maxConnections is -3; it must be a whole number of at least 1',
    );
  });

  it('reads the environment', () => {
    expect(httpPoolFromEnv({})).toEqual({
      maxConnections: 100,
      maxConnectionsPerHost: 30,
      keepAliveTimeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      readTimeoutMs: 30_000,
    });
    const options = httpPoolFromEnv({
      MAX_CONNECTIONS: '7',
      MAX_CONNECTIONS_PER_HOST: '3',
      KEEPALIVE_TIMEOUT: '1.5',
      CONNECTION_TIMEOUT: '2.25',
      READ_TIMEOUT: '4',
      DNS_SERVERS: '127.0.0.1:5353',
    });
    expect(options).toMatchObject({ maxConnections: 7, maxConnectionsPerHost: 3, keepAliveTimeoutMs: 1500 });
    expect(options).toMatchObject({ connectTimeoutMs: 2250, readTimeoutMs: 4000, nameLookup: { name: 'dns' } });
    for (const env of [
      { MAX_CONNECTIONS: '0' },
      { MAX_CONNECTIONS_PER_HOST: 'many' },
      { READ_TIMEOUT: '-1' },
      { KEEPALIVE_TIMEOUT: '0' },
      { DNS_SERVERS: 'x' },
    ])
      expect(() => httpPoolFromEnv(env)).toThrow(ConfigError);
  });

  it('gives the answer that an Agent gives', async () => {
    await using servers = await startServers(
      1,
      (_request, response) => void response.writeHead(404, { 'x-a': ['1', '2'] }).end('no'),
    );
    await using pool = withPool();
    const agent = new Agent();
    const ask = async (dispatcher: Dispatcher) => {
      const { statusCode, headers, body } = await request(servers.url, { dispatcher });
      return [statusCode, { ...headers, date: '' }, await body.text()];
    };
    expect(await ask(pool)).toEqual(await ask(agent));
    await agent.close();
  });
});
