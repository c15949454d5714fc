import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@breakwater/resilience';
import { type HttpPool, type HttpPoolOptions, httpPool, type NameLookup } from '@breakwater/resilience/http';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import { type Fault, type FaultyServer, faultyServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../targets/secret.js';
import { TEST_CERTIFICATE } from './http/certificate.suite.js';
import { HttpProbe, type HttpProbeOptions } from './http.js';
import { CountingServer, closedPort, eventually, FakeLookup, stuckPort } from './loopback.suite.js';
import { describeProbe, type Rig } from './probe.suite.js';

const asking = (url: string, options: Partial<HttpProbeOptions> = {}): HttpProbeOptions => ({
  url,
  method: 'GET',
  headers: {},
  expectStatus: [{ from: 200, to: 299 }],
  expectBody: undefined,
  maxRedirects: 5,
  maxBodyBytes: 1_048_576,
  ...options,
});

const against =
  (fault: Fault) =>
  async (clock: VirtualClock): Promise<Rig> => {
    const server = await faultyServer(fault);
    const dispatcher = httpPool();
    return {
      probe: new HttpProbe(asking(server.url), { dispatcher, clock }),
      contacts: () => server.requests,
      open: () => server.open,
      async close() {
        await dispatcher.destroy();
        await server.stop();
      },
    };
  };

describeProbe({
  kind: 'http',
  healthy: against('none'),
  hanging: {
    'the answer': against('hang'),
    'the body': against('drip'),
    async 'the look-up'(clock) {
      const nameLookup = new FakeLookup();
      nameLookup.hang = true;
      const dispatcher = httpPool({ nameLookup });
      return {
        probe: new HttpProbe(asking('http://web-1.test/'), { dispatcher, clock }),
        contacts: () => nameLookup.asked,
        open: () => nameLookup.pending,
        close: () => dispatcher.destroy(),
      };
    },
    async 'the connect'(clock) {
      const stuck = await stuckPort();
      const nameLookup = new FakeLookup();
      const dispatcher = httpPool({ nameLookup });
      return {
        probe: new HttpProbe(asking(`http://web-1.test:${stuck.port}/`), { dispatcher, clock }),
        contacts: () => nameLookup.asked,
        open: () => dispatcher.counts.open,
        async close() {
          await dispatcher.destroy();
          await stuck.close();
        },
      };
    },
    async 'the TLS handshake'(clock) {
      const server = await new CountingServer(() => {}).listen();
      const dispatcher = httpPool();
      return {
        probe: new HttpProbe(asking(`https://127.0.0.1:${server.port}/`), { dispatcher, clock }),
        contacts: () => server.accepted,
        open: () => server.open,
        async close() {
          await dispatcher.destroy();
          await server.close();
        },
      };
    },
    async 'the queue of the pool'(clock) {
      const server = await faultyServer('hang');
      const dispatcher = httpPool({ maxConnections: 1 });
      const first = new HttpProbe(asking(server.url), { dispatcher, clock: systemClock });
      const leave = new AbortController();
      const holding = first.operations[0]!.run({ signal: leave.signal, deadline: Infinity, attempt: 1 });
      await eventually(() => server.requests === 1, 'a socket that is taken');
      return {
        probe: new HttpProbe(asking(server.url), { dispatcher, clock }),
        contacts: () => server.requests - 1,
        // The first request holds the one socket.
        open: () => server.open - 1,
        stuck: () => dispatcher.counts.queued === 1,
        async close() {
          leave.abort();
          await holding.catch(() => {});
          await dispatcher.destroy();
          await server.stop();
        },
      };
    },
  },
});

describe('the HTTP probe', () => {
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  let clock: VirtualClock;
  let dispatcher: HttpPool;
  const nameLookup: NameLookup = {
    async lookup() {
      await clock.advance(7);
      return [{ address: '127.0.0.1', family: 4 }];
    },
  };
  let server: Server;
  let serve: (request: IncomingMessage, response: ServerResponse) => void;
  let requests: IncomingMessage[];
  const urlOf = (of: Server, path = '/', host = '127.0.0.1') =>
    `http://${host}:${(of.address() as AddressInfo).port}${path}`;
  const run = (options?: Partial<HttpProbeOptions>, path?: string, host?: string) =>
    new HttpProbe(asking(urlOf(server, path, host), options), { dispatcher, clock }).operations[0]!.run(context);
  const listen = async (listener: typeof serve) => {
    const made = createServer(listener);
    made.listen(0, '127.0.0.1');
    await once(made, 'listening');
    return made;
  };

  beforeEach(async () => {
    clock = new VirtualClock();
    dispatcher = httpPool({ clock, nameLookup });
    requests = [];
    serve = (_request, response) => response.end('all is well');
    server = await listen((request, response) => {
      requests.push(request);
      serve(request, response);
    });
  });
  afterEach(async () => {
    await dispatcher.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('tells status, size and the phases of the time', async () => {
    serve = async (_request, response) => {
      await clock.advance(20);
      response.write('all is ');
      response.flushHeaders();
    };
    const running = run({}, '/', 'web-1.test');
    await eventually(() => dispatcher.counts.busy === 1 && requests.length === 1, 'the request');
    // The head has arrived when nothing moves any more.
    for (let turn = 0; turn < 20; turn++) await settle();
    await clock.advance(5);
    requests[0]!.socket.write('4\r\nwell\r\n0\r\n\r\n');
    expect(await running).toEqual([
      {
        measurement: 'http',
        tags: {},
        fields: {
          status: 200,
          redirects: 0,
          body_bytes: 11,
          reused: false,
          wait_ms: 0,
          lookup_ms: 7,
          connect_ms: 0,
          tls_ms: 0,
          first_byte_ms: 20,
          transfer_ms: 5,
          total_ms: 32,
        },
      },
    ]);
  });

  it('opens no connection where one stands ready, and says so', async () => {
    expect((await run({}, '/', 'web-1.test'))[0]!.fields).toMatchObject({ reused: false, lookup_ms: 7 });
    expect((await run({}, '/', 'web-1.test'))[0]!.fields).toMatchObject({ reused: true, lookup_ms: 0, connect_ms: 0 });
  });

  it('asks as it is told, and for nothing encoded', async () => {
    await run({ method: 'HEAD', headers: { 'x-token': new Secret('s3cret') } }, '/health?full=1');
    expect(requests[0]).toMatchObject({
      method: 'HEAD',
      url: '/health?full=1',
      headers: { 'x-token': 's3cret', 'accept-encoding': 'identity', 'user-agent': 'breakwater-telemetry-collector' },
    });
  });

  it('does not hold the length of a body that is not sent against a HEAD', async () => {
    serve = (_request, response) => response.writeHead(200, { 'content-length': '5000000' }).end();
    expect((await run({ method: 'HEAD' }))[0]!.fields).toMatchObject({ status: 200, body_bytes: 0 });
  });

  it('passes over early hints', async () => {
    serve = (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('ok');
    };
    expect((await run())[0]!.fields).toMatchObject({ status: 200, body_bytes: 2 });
  });

  it.each([
    [200, [{ from: 200, to: 299 }], true],
    [404, [{ from: 200, to: 299 }], false],
    [
      404,
      [
        { from: 200, to: 299 },
        { from: 404, to: 404 },
      ],
      true,
    ],
    [200, [{ from: 503, to: 503 }], false],
    [301, [{ from: 301, to: 301 }], true],
  ])('compares the status %d with %j', async (status, expectStatus, asExpected) => {
    serve = (_request, response) => response.writeHead(status).end('x');
    const running = run({ expectStatus });
    if (asExpected) expect((await running)[0]!.fields).toMatchObject({ status });
    else {
      await expect(running).rejects.toMatchObject({
        code: 'unexpected-status',
        message: expect.stringContaining(`it answered ${status} instead of `),
        // What was measured is not lost.
        readings: [{ measurement: 'http', fields: { status, body_bytes: 1 } }],
      });
    }
  });

  it('looks for a text in the body, also across its pieces', async () => {
    serve = (_request, response) => {
      response.write('all is w');
      setImmediate(() => response.end('ell'));
    };
    expect((await run({ expectBody: 'is well' }))[0]!.fields).toMatchObject({ status: 200 });
    await expect(run({ expectBody: 'is bad' })).rejects.toMatchObject({
      code: 'unexpected-body',
      readings: [{ fields: { body_bytes: 11 } }],
    });
  });

  describe('with redirects', () => {
    const redirecting = (hops: number, status = 302) => {
      serve = (request, response) => {
        const hop = Number(request.url!.slice(1));
        if (hop < hops) response.writeHead(status, { location: `${hop + 1}` }).end('over there');
        else response.end('here');
      };
    };

    it.each([301, 302, 303, 307, 308])('follows a %d', async (status) => {
      redirecting(2, status);
      expect((await run({ expectBody: 'here' }, '/0'))[0]!.fields).toMatchObject({ redirects: 2, body_bytes: 4 });
    });

    it('follows as many as allowed and no more', async () => {
      redirecting(5);
      expect((await run({}, '/0'))[0]!.fields).toMatchObject({ redirects: 5 });
      redirecting(6);
      requests = [];
      await expect(run({}, '/0')).rejects.toMatchObject({ code: 'redirect-loop' });
      expect(requests).toHaveLength(6);
    });

    it('takes the redirect for the answer when it may follow none, or when it is expected', async () => {
      redirecting(1);
      await expect(run({ maxRedirects: 0 }, '/0')).rejects.toMatchObject({ code: 'unexpected-status' });
      const expectStatus = [{ from: 302, to: 302 }];
      expect((await run({ expectStatus }, '/0'))[0]!.fields).toMatchObject({ status: 302, redirects: 0 });
    });

    it('does not look for the text in the body of a redirect', async () => {
      redirecting(1);
      await expect(run({ expectBody: 'over there' }, '/0')).rejects.toMatchObject({ code: 'unexpected-body' });
    });

    it.each(['ftp://example.test/', 'http://[', 'javascript:alert(1)'])('does not follow to %s', async (location) => {
      serve = (_request, response) => response.writeHead(302, { location }).end();
      await expect(run()).rejects.toMatchObject({ code: 'malformed' });
    });

    it('takes a redirect to nowhere for the answer', async () => {
      serve = (_request, response) => response.writeHead(304).end();
      await expect(run()).rejects.toMatchObject({ code: 'unexpected-status' });
    });

    it('keeps headers to the origin that they are for', async () => {
      const other = await listen((request, response) => {
        requests.push(request);
        response.end('elsewhere');
      });
      try {
        serve = (request, response) => {
          response.writeHead(302, { location: request.url === '/0' ? '/1' : urlOf(other) }).end();
        };
        await run({ headers: { authorization: new Secret('Bearer s3cret') } }, '/0');
        expect(requests.map(({ headers }) => headers.authorization)).toEqual([
          'Bearer s3cret',
          'Bearer s3cret',
          undefined,
        ]);
      } finally {
        other.closeAllConnections();
        other.close();
      }
    });
  });

  it('bounds the body: exactly as long as allowed, and no byte more', async () => {
    serve = (_request, response) => {
      response.write('x'.repeat(600));
      response.end('x'.repeat(400));
    };
    expect((await run({ maxBodyBytes: 1_000 }))[0]!.fields).toMatchObject({ body_bytes: 1_000 });
    await expect(run({ maxBodyBytes: 999 })).rejects.toMatchObject({ code: 'too-large' });
  });

  describe('when its time runs out', () => {
    const runFor = (ms: number) => {
      const probe = new HttpProbe(asking(urlOf(server)), { dispatcher, clock });
      return probe.operations[0]!.run({ ...context, deadline: clock.now() + ms });
    };

    it('says that there was no answer', async () => {
      serve = () => {};
      const failure = expect(runFor(1_000)).rejects.toThrow('timed out after 1000 ms while waiting for its answer');
      await eventually(() => requests.length === 1, 'the request');
      await clock.advance(1_000);
      await failure;
    });

    it('says that there was half an answer', async () => {
      serve = (_request, response) => response.write('a beginning');
      const failure = expect(runFor(1_000)).rejects.toThrow('timed out after 1000 ms while reading its answer');
      await eventually(() => requests.length === 1, 'the request');
      // Client and server share this process: it has arrived when nothing moves any more.
      for (let turn = 0; turn < 20; turn++) await settle();
      await clock.advance(1_000);
      await failure;
    });

    it('says that there was no connection to be had', async () => {
      await dispatcher.destroy();
      dispatcher = httpPool({ clock, maxConnections: 1 });
      serve = () => {};
      const holding = expect(runFor(2_000)).rejects.toThrow('waiting for its answer');
      await eventually(() => requests.length === 1, 'a socket that is taken');
      const failure = expect(runFor(1_000)).rejects.toThrow('after 1000 ms while waiting for a connection');
      await clock.advance(1_000);
      await failure;
      await clock.advance(1_000);
      await holding;
    });
  });

  it('names a request that the pool does not take', async () => {
    await dispatcher.destroy();
    await expect(run()).rejects.toMatchObject({ code: 'rejected' });
  });

  it('shows no part of a header that cannot be sent', async () => {
    const failure = run({ headers: { 'x-token': new Secret('s3cret\n') } });
    await expect(failure).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('x-token') });
    await expect(failure).rejects.not.toThrow('s3cret');
  });

  it('names a closed port', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const probe = new HttpProbe(asking(url), { dispatcher, clock });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('the HTTP probe over TLS', () => {
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  let server: Server;
  beforeEach(async () => {
    server = createSecureServer(TEST_CERTIFICATE, (_request, response) => response.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const run = async (host: string, tls: HttpPoolOptions['tls']) => {
    const dispatcher = httpPool({ nameLookup: new FakeLookup(), ...(tls !== undefined && { tls }) });
    try {
      const url = `https://${host}:${(server.address() as AddressInfo).port}/`;
      const probe = new HttpProbe(asking(url), { dispatcher, clock: systemClock });
      await probe.operations[0]!.run(context);
      // From a connection that stands ready, too.
      return (await probe.operations[0]!.run(context))[0]!.fields;
    } finally {
      await dispatcher.destroy();
    }
  };

  it('tells for how many days the certificate is good', async () => {
    const fields = await run('web-1.test', { ca: TEST_CERTIFICATE.cert });
    const days = (Date.UTC(2120, 0, 1) - Date.now()) / 86_400_000;
    expect(fields['certificate_days']).toBeCloseTo(days, 1);
    expect(fields).toMatchObject({ reused: true, tls_ms: 0 });
  });

  it.each([
    ['that nobody vouches for', 'web-1.test', undefined],
    ['for another name', 'other.test', { ca: TEST_CERTIFICATE.cert }],
  ])('names a certificate %s', async (_what, host, tls) => {
    await expect(run(host, tls)).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringMatching(new RegExp(`^${host}:\\d+: no trusted TLS connection .+; check its certificate`)),
    });
  });

  it('names a server that speaks no TLS', async () => {
    const ssh = await new CountingServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')).listen();
    const dispatcher = httpPool();
    const probe = new HttpProbe(asking(`https://127.0.0.1:${ssh.port}/`), { dispatcher, clock: systemClock });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({ code: 'tls' });
    await dispatcher.destroy();
    await ssh.close();
  });
});

describe('the HTTP probe against a server that misbehaves', () => {
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  const dispatcher = httpPool();
  let server: FaultyServer;
  const run = (fault: Fault) => {
    server.fault = fault;
    const probe = new HttpProbe(asking(server.url), { dispatcher, clock: new VirtualClock() });
    return probe.operations[0]!.run(context);
  };

  beforeEach(async () => {
    server = await faultyServer('none');
  });
  afterEach(() => server.stop());

  it.each<[Fault, string]>([
    ['reset', 'reset'],
    ['close', 'reset'],
    ['garbage', 'malformed'],
    ['half-response', 'truncated'],
    ['huge-body', 'too-large'],
    ['redirect-loop', 'redirect-loop'],
  ])('names %s as %s, says of whom and what to do, and closes', async (fault, code) => {
    await expect(run(fault)).rejects.toMatchObject({
      name: 'ProbeError',
      code,
      message: expect.stringMatching(new RegExp(`^127.0.0.1:${server.port}: .+; .+`)),
    });
    if (fault !== 'redirect-loop') await eventually(() => server.open === 0, 'closing');
  });

  it.each([
    ['HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal', 'truncated'],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal', 'truncated'],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', 'malformed'],
    [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 'too-large'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'malformed'],
  ])('names the answer %j as %s', async (answer, code) => {
    const raw = await new CountingServer((socket) => socket.on('data', () => socket.end(answer))).listen();
    const probe = new HttpProbe(asking(`http://127.0.0.1:${raw.port}/`), { dispatcher, clock: new VirtualClock() });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({ code });
    await eventually(() => raw.open === 0, 'closing');
    await raw.close();
  });

  it('ends in the middle of a body without end', async () => {
    const endless = createServer((_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', pour);
      pour();
    });
    endless.listen(0, '127.0.0.1');
    await once(endless, 'listening');
    let closed = 0;
    endless.on('connection', (socket) => socket.on('close', () => closed++));
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/`;
    const probe = new HttpProbe(asking(url), { dispatcher, clock: new VirtualClock() });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({ code: 'too-large' });
    await eventually(() => closed === 1, 'closing');
    endless.close();
  });
});
