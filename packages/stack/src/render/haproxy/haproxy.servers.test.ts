import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { makeCertificates } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, type LiveProxy, startLiveProxy } from './live-proxy.suite.js';

const POLL = { timeout: 60_000, interval: 100 };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const up = (states: Map<string, string>) => [...states.values()].filter((state) => state.startsWith('UP')).length;

/** What HAProxy wrote about requests: the lines that are whole. What is kept of its output may begin within one, at any brace. */
const logged = (live: LiveProxy): Array<Record<string, unknown>> =>
  live.haproxy
    .output()
    .split('\n')
    .slice(0, -1)
    .filter((text) => text.startsWith('{"time":'))
    .map((text) => JSON.parse(text) as Record<string, unknown>);

/** Which of the backends answer reads, asked often enough that round-robin comes to each. */
async function readers(live: LiveProxy): Promise<number[]> {
  for (const { seen } of live.backends) seen.length = 0;
  for (let read = 0; read < 6; read++) expect((await ask(live.ports.influxdb, '/query?q=x')).status).toBe(200);
  return live.backends.flatMap(({ seen }, index) => (seen.length > 0 ? [index + 1] : []));
}

describe('with three collectors and two backends', () => {
  let live: LiveProxy;
  beforeAll(async () => {
    live = await startLiveProxy();
    await vi.waitFor(async () => expect(up(await live.servers('collectors'))).toBe(3), POLL);
  });
  afterAll(() => live?.[Symbol.asyncDispose]());

  /** So many collectors say of a backend that nothing waits for it. */
  const say = (backend: number, yes: number) => {
    for (const [index, { answers }] of live.collectors.entries()) {
      answers.set(`/health/lanes/influxdb-${backend}:${live.originPort}`, index < yes ? 200 : 503);
    }
  };
  const lanes = async (first: number, second: number) => {
    say(1, first);
    say(2, second);
    const counts = async () =>
      Promise.all([1, 2].map(async (backend) => up(await live.servers(`lane_influxdb-${backend}`))));
    await expect.poll(counts, POLL).toEqual([first, second]);
  };

  it('answers while DNS is asked for the first time', async () => {
    await using fresh = await startLiveProxy();
    expect((await ask(fresh.ports.influxdb, '/query')).status).toBe(200);
  });

  it.each([
    [3, 3, [1, 2]],
    [2, 3, [1, 2]],
    [1, 3, [2]],
    [0, 2, [2]],
    [0, 1, [1, 2]],
    [0, 0, [1, 2]],
    [2, 0, [1]],
    [3, 3, [1, 2]],
  ])('%i and %i of 3 collectors say that nothing waits: reads go to %j', async (first, second, expected) => {
    await lanes(first, second);
    expect(await readers(live)).toEqual(expected);
  });

  it('writes to collectors alone', async () => {
    for (const { seen } of [...live.collectors, ...live.backends]) seen.length = 0;
    for (const path of ['/write?db=x', '/api/v2/write?bucket=x', '/write', '/api/v2/write']) {
      expect((await ask(live.ports.influxdb, path, { method: 'POST', body: 'm v=1 1' })).status).toBe(204);
    }
    expect(live.collectors.flatMap(({ seen }) => seen)).toHaveLength(4);
    expect(live.backends.flatMap(({ seen }) => seen)).toHaveLength(0);
  });

  it.each([
    ['POST', '/api/v2/delete'],
    ['POST', '//write'],
    ['POST', '/%77rite'],
    ['DELETE', '/api/v2/buckets/1'],
    ['PATCH', '/api/v2/orgs/1'],
  ])('lets no %s %s reach one of several independent servers', async (method, path) => {
    expect((await ask(live.ports.influxdb, path, { method, body: 'x' })).status).toBe(403);
  });

  it('sends a query by POST to a backend', async () => {
    expect((await ask(live.ports.influxdb, '/api/v2/query', { method: 'POST', body: 'from()' })).status).toBe(204);
  });

  it('tells who asked, and not what a client says about itself', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' };
    for (const { seen } of live.backends) seen.length = 0;
    await ask(live.ports.influxdb, '/query', { headers });
    const [{ headers: got } = { headers: {} }] = live.backends.flatMap(({ seen }) => seen);
    expect(got).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
  });

  it('sends a read again that a server dropped, and a write never', async () => {
    live.backends[0]!.answers.set('/query', 'reset');
    for (let read = 0; read < 4; read++) expect((await ask(live.ports.influxdb, '/query')).status).toBe(200);
    live.backends[0]!.answers.delete('/query');
    for (const { seen, answers } of live.collectors) {
      seen.length = 0;
      answers.set('/write', 'reset');
    }
    expect((await ask(live.ports.influxdb, '/write', { method: 'POST', body: 'm v=1' })).status).toBe(502);
    for (const { answers } of live.collectors) answers.delete('/write');
    expect(live.collectors.flatMap(({ seen }) => seen)).toHaveLength(1);
  });

  it('drains no collector by chance', async () => {
    expect((await ask(live.ports.collectors, '/drain', { method: 'POST' })).status).toBe(403);
    expect((await ask(live.ports.collectors, '/metrics')).status).toBe(200);
  });

  it('shows statistics and metrics, says how it is, and denies the rest', async () => {
    const status = async (path: string) => (await ask(live.ports.statistics, path)).status;
    expect(await status('/stats')).toBe(200);
    expect(await status('/health')).toBe(200);
    expect(await status('/ready')).toBe(200);
    for (const path of ['/', '/admin', '/write', '/statistics']) expect(await status(path), path).not.toBe(200);
    const { text } = await ask(live.ports.statistics, '/metrics');
    expect(text).toContain('haproxy_backend_active_servers{proxy="collectors"} 3');
  });

  it('logs JSON without query strings', async () => {
    await ask(live.ports.influxdb, '/query/"quoted"?u=admin&p=secret-of-a-client', {
      headers: { authorization: 'x-secret' },
    });
    const told = { client: '127.0.0.1', front: 'influxdb', method: 'GET', path: '/query/"quoted"', status: 200 };
    await expect.poll(() => logged(live), POLL).toContainEqual(expect.objectContaining(told));
    expect(live.haproxy.output()).not.toMatch(/secret/);
  });

  it('keeps a browser at its Grafana through a reload that finds the servers elsewhere', async () => {
    const first = await ask(live.ports.grafana, '/d/home');
    const [cookie] = first.headers['set-cookie']![0]!.split(';');
    expect(first.headers['set-cookie']![0]).toMatch(/HttpOnly/i);
    const home = live.grafanas.findIndex(({ seen }) => seen.some(({ url }) => url === '/d/home'));
    await live.setNames('grafana-1', ['127.0.3.2']);
    await live.setNames('grafana-2', ['127.0.3.1']);
    await live.reload();
    for (const { seen } of live.grafanas) seen.length = 0;
    for (let view = 0; view < 6; view++) {
      const { status } = await ask(live.ports.grafana, '/d/again', { headers: { cookie: cookie! } });
      expect(status).toBe(200);
    }
    expect(live.grafanas.map(({ seen }) => seen.length)).toEqual(home === 0 ? [6, 0] : [0, 6]);
  });

  it('lets requests wait for the name server after a reload', async () => {
    live.dns.signal('SIGSTOP');
    await live.reload();
    const answer = ask(live.ports.influxdb, '/query');
    await sleep(300);
    live.dns.signal('SIGCONT');
    expect((await answer).status).toBe(200);
  });

  it('closes no idle connection in a reload before it has answered on it once more, and said so', async () => {
    const query = 'GET /query HTTP/1.1\r\nhost: x\r\n\r\n';
    const idle = Array.from({ length: 10 }, () => {
      const connection = { socket: connect(live.ports.influxdb, '127.0.0.1'), text: '', isClosed: false };
      connection.socket.on('data', (piece) => {
        connection.text += String(piece);
      });
      connection.socket.once('close', () => {
        connection.isClosed = true;
      });
      return connection;
    });
    const answers = () => idle.filter(({ text }) => text.endsWith('\r\n\r\n'));
    for (const { socket } of idle) socket.write(query);
    await expect.poll(() => answers().length, POLL).toBe(idle.length);
    for (const connection of idle) connection.text = '';
    await live.reload();
    await expect.poll(() => live.haproxy.output(), POLL).toContain('Proxy influxdb stopped');
    // A worker that closes what is idle begins within a second.
    await sleep(2_000);
    expect(idle.filter(({ isClosed }) => isClosed)).toEqual([]);
    for (const { socket } of idle) socket.write(query);
    await expect.poll(() => answers().length, POLL).toBe(idle.length);
    for (const { text } of idle) expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n/);
    await expect.poll(() => idle.every(({ isClosed }) => isClosed), POLL).toBe(true);
  });

  it('is reloaded under load without a failed request', async () => {
    const statuses: Record<number, number> = {};
    const errors: unknown[] = [];
    let running = true;
    const client = async (number: number) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (running) {
        const write = number % 2 === 0;
        await ask(live.ports.influxdb, write ? '/write' : '/query', {
          agent,
          ...(write ? { method: 'POST', body: 'm v=1 1' } : {}),
        }).then(
          ({ status }) => {
            statuses[status] = (statuses[status] ?? 0) + 1;
          },
          (error: unknown) => errors.push(error),
        );
      }
      agent.destroy();
    };
    const clients = Array.from({ length: 8 }, (_, number) => client(number));
    for (let reload = 0; reload < 3; reload++) {
      await sleep(500);
      await live.reload();
    }
    // However slow the machine is: enough requests, after the last reload too.
    const enough = Object.values(statuses).reduce((sum, count) => sum + count, 0) + 300;
    await expect
      .poll(() => errors.length > 0 || Object.values(statuses).reduce((sum, count) => sum + count, 0) > enough, POLL)
      .toBe(true);
    running = false;
    await Promise.all(clients);
    expect(errors).toEqual([]);
    expect(Object.keys(statuses).sort()).toEqual(['200', '204']);
  });

  it('keeps what it runs when the file that it is told to reload is broken', async () => {
    const good = await readFile(live.haproxy.configFile, 'utf8');
    await writeFile(live.haproxy.configFile, `${good}\n  no such directive\n`);
    live.haproxy.signal('SIGUSR2');
    await expect.poll(() => live.haproxy.output(), POLL).toContain('unknown keyword');
    expect((await ask(live.ports.influxdb, '/query')).status).toBe(200);
    await writeFile(live.haproxy.configFile, good);
  });

  it('goes on reading when the only backend that has caught up dies', async () => {
    await live.reload();
    await lanes(0, 3);
    expect(await readers(live)).toEqual([2]);
    await live.backends[1]![Symbol.asyncDispose]();
    await expect.poll(async () => up(await live.servers('influxdb')), POLL).toBe(1);
    expect((await ask(live.ports.influxdb, '/query')).status).toBe(200);
  });

  it('reads from every healthy backend when no collector is up, and refuses writes at once', async () => {
    for (const collector of live.collectors) await collector[Symbol.asyncDispose]();
    await expect.poll(async () => up(await live.servers('collectors')), POLL).toBe(0);
    expect((await ask(live.ports.influxdb, '/query')).status).toBe(200);
    const { status, headers } = await ask(live.ports.influxdb, '/write', { method: 'POST', body: 'm v=1' });
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    // In HAProxy's own words: no server, and not a moment in its queue.
    const refusal = { method: 'POST', path: '/write', status: 503, server: '<NOSRV>' };
    await expect.poll(() => logged(live), POLL).toContainEqual(expect.objectContaining(refusal));
    const refusals = logged(live).filter(({ path, status }) => path === '/write' && status === 503);
    expect(refusals).toMatchObject([{ ended: 'SC--', ms: { queue: -1, connect: -1 } }]);
  });
});

it.each([['network-telemetry'], ['influxdb-1'], ['influxdb-2'], ['grafana-1'], ['grafana-2']])(
  'lets requests wait after a reload for the names that they need, when %s is answered last',
  async (name) => {
    await using live = await startLiveProxy({ apart: name });
    // A browser of each Grafana: a cookie begins with what its server is called in it.
    const browsers = new Map<string, string>();
    while (browsers.size < live.grafanas.length) {
      const { headers } = await ask(live.ports.grafana, '/d/home');
      const [cookie = ''] = headers['set-cookie']![0]!.split(';');
      browsers.set(cookie.split('|')[0]!, cookie);
    }
    for (const { seen } of live.grafanas) seen.length = 0;
    live.apart.signal('SIGSTOP');
    await live.reload();
    const answers = Promise.all([
      ask(live.ports.influxdb, '/write', { method: 'POST', body: 'm v=1 1' }),
      ask(live.ports.influxdb, '/query'),
      ...[...browsers.values()].map((cookie) => ask(live.ports.grafana, '/d/again', { headers: { cookie } })),
    ]);
    await sleep(300);
    live.apart.signal('SIGCONT');
    expect((await answers).map(({ status }) => status)).toEqual([204, 200, 200, 200]);
    expect(live.grafanas.map(({ seen }) => seen.length)).toEqual([1, 1]);
  },
);

describe('with limits', () => {
  let live: LiveProxy;
  beforeAll(async () => {
    live = await startLiveProxy({ collectors: 5, known: 1, collectorsMax: 2, requests: 50, connections: 20 });
  });
  afterAll(() => live?.[Symbol.asyncDispose]());

  it('cuts off who drips, whether the head of a request or its body', async () => {
    const drip = async (head: string) => {
      const socket = connect(live.ports.influxdb, '127.0.0.1');
      let text = '';
      socket.on('data', (piece) => {
        text += String(piece);
      });
      socket.write(head);
      const begun = performance.now();
      const timer = setInterval(() => socket.write('a'), 500);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(timer);
      return { text, seconds: (performance.now() - begun) / 1000 };
    };
    const body = 'POST /write HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n';
    const cut = await Promise.all([drip('GET /query HTTP/1.1\r\nx: '), drip(body)]);
    for (const { text, seconds } of cut) {
      expect(text).toContain('408 Request Time-out');
      expect(seconds).toBeGreaterThan(9);
      // It is the time for a whole request that ends it: the time between two bytes never does.
      expect(seconds).toBeLessThan(60);
    }
  });

  it('finds new replicas by name, as many as there are slots', async () => {
    await expect.poll(async () => up(await live.servers('collectors')), POLL).toBe(1);
    await live.setNames(
      'network-telemetry',
      [1, 2, 3, 4, 5].map((number) => `127.0.1.${number}`),
    );
    await expect.poll(async () => up(await live.servers('collectors')), POLL).toBe(3);
    expect((await live.servers('collectors')).size).toBe(3);
  });

  it('answers 429 to the request after the last that is allowed, and never to health checks', async () => {
    const count = async () => {
      // What was asked before counts for ten seconds more, and less and less: nothing of it may be left.
      await live.forgetRequests();
      const begunMs = performance.now();
      const statuses: number[] = [];
      for (let request = 0; request < 55; request++) statuses.push((await ask(live.ports.influxdb, '/query')).status);
      const next = await ask(live.ports.collectors, '/metrics');
      return { statuses, next, tookMs: performance.now() - begunMs };
    };
    // What takes longer than the period says nothing about it.
    let counted = await count();
    while (counted.tookMs > 9_000) counted = await count();
    const { statuses, next } = counted;
    expect(statuses).toEqual([...Array<number>(50).fill(200), ...Array<number>(5).fill(429)]);
    expect(next).toMatchObject({
      status: 429,
      headers: { 'retry-after': '10' },
      text: 'More than 50 requests in 10s from one address.\n',
    });
    for (let check = 0; check < 60; check++) expect((await ask(live.ports.influxdb, '/ping')).status).toBe(204);
  });

  it('takes no more connections from one address than it may have', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const socket = connect(live.ports.influxdb, '127.0.0.1');
        socket.on('error', () => {});
        // What is refused is reset, at times before it is told to be connected.
        await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        return socket;
      }),
    );
    await expect.poll(() => sockets.filter(({ destroyed }) => !destroyed).length, POLL).toBe(20);
    for (const socket of sockets) socket.destroy();
  });
});

it('reads from two of three backends when the third is behind', async () => {
  await using live = await startLiveProxy({ backends: 3 });
  for (const { answers } of live.collectors.slice(1)) answers.set(`/health/lanes/influxdb-2:${live.originPort}`, 503);
  await expect.poll(async () => up(await live.servers('lane_influxdb-2')), POLL).toBe(1);
  expect(await readers(live)).toEqual([1, 3]);
});

it('speaks TLS on every front', async () => {
  await using plain = await startLiveProxy({ backends: 1 });
  const { ca, certFile, keyFile } = await makeCertificates(plain.haproxy.dir);
  const certificate = join(plain.haproxy.dir, 'load-balancer.pem');
  await writeFile(certificate, (await readFile(certFile, 'utf8')) + (await readFile(keyFile, 'utf8')));
  await using live = await startLiveProxy({ backends: 1, certificate });
  for (const front of ['influxdb', 'collectors', 'grafana'] as const) {
    const { status, headers } = await ask(live.ports[front], '/metrics', { ca });
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    await expect(ask(live.ports[front], '/metrics')).rejects.toThrow();
  }
  const { headers } = await ask(live.ports.grafana, '/', { ca });
  expect(headers['set-cookie']![0]).toMatch(/Secure/i);
  expect(live.grafanas.flatMap(({ seen }) => seen)[0]!.headers['x-forwarded-proto']).toBe('https');
});
