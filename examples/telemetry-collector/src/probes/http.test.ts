import { systemClock } from '@breakwater/resilience';
import { httpPool } from '@breakwater/resilience/http';
import { settle, type VirtualClock } from '@breakwater/resilience/testing';
import { type Fault, faultyServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../targets/secret.js';
import { asking, HttpRig, LOOKUP_MS, NO_LIMIT } from './http/rig.suite.js';
import { HttpProbe } from './http.js';
import { CountingServer, closedPort, eventually, FakeLookup, stuckPort } from './loopback.suite.js';
import { describeProbe, type Rig } from './probe.suite.js';

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
  let rig: HttpRig;
  beforeEach(async () => {
    rig = await HttpRig.start();
  });
  afterEach(() => rig.close());

  it('tells status, size and the phases of the time', async () => {
    rig.serve = async (_request, response) => {
      await rig.clock.advance(20);
      response.write('all is ');
      response.flushHeaders();
    };
    const running = rig.run({}, '/', 'web-1.test');
    await eventually(() => rig.dispatcher.counts.busy === 1 && rig.requests.length === 1, 'the request');
    // The head has arrived when nothing moves any more.
    for (let turn = 0; turn < 20; turn++) await settle();
    await rig.clock.advance(5);
    rig.requests[0]!.socket.write('4\r\nwell\r\n0\r\n\r\n');
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
          lookup_ms: LOOKUP_MS,
          connect_ms: 0,
          tls_ms: 0,
          first_byte_ms: 20,
          transfer_ms: 5,
          total_ms: LOOKUP_MS + 25,
        },
      },
    ]);
  });

  it('opens no connection where one stands ready, and says so', async () => {
    expect((await rig.run({}, '/', 'web-1.test'))[0]!.fields).toMatchObject({ reused: false, lookup_ms: LOOKUP_MS });
    expect((await rig.run({}, '/', 'web-1.test'))[0]!.fields).toMatchObject({
      reused: true,
      lookup_ms: 0,
      connect_ms: 0,
    });
  });

  it('asks as it is told, and for nothing encoded', async () => {
    await rig.run({ method: 'HEAD', headers: { 'x-token': new Secret('s3cret') } }, '/health?full=1');
    expect(rig.requests[0]).toMatchObject({
      method: 'HEAD',
      url: '/health?full=1',
      headers: { 'x-token': 's3cret', 'accept-encoding': 'identity', 'user-agent': 'breakwater-telemetry-collector' },
    });
  });

  it('does not hold the length of a body that is not sent against a HEAD', async () => {
    rig.serve = (_request, response) => response.writeHead(200, { 'content-length': '5000000' }).end();
    expect((await rig.run({ method: 'HEAD' }))[0]!.fields).toMatchObject({ status: 200, body_bytes: 0 });
  });

  it('passes over early hints', async () => {
    rig.serve = (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('ok');
    };
    expect((await rig.run())[0]!.fields).toMatchObject({ status: 200, body_bytes: 2 });
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
    rig.serve = (_request, response) => response.writeHead(status).end('x');
    const running = rig.run({ expectStatus });
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
    rig.serve = (_request, response) => {
      response.write('all is w');
      setImmediate(() => response.end('ell'));
    };
    expect((await rig.run({ expectBody: 'is well' }))[0]!.fields).toMatchObject({ status: 200 });
    await expect(rig.run({ expectBody: 'is bad' })).rejects.toMatchObject({
      code: 'unexpected-body',
      readings: [{ fields: { body_bytes: 11 } }],
    });
  });

  it('bounds the body: exactly as long as allowed, and no byte more', async () => {
    rig.serve = (_request, response) => {
      response.write('x'.repeat(600));
      response.end('x'.repeat(400));
    };
    expect((await rig.run({ maxBodyBytes: 1_000 }))[0]!.fields).toMatchObject({ body_bytes: 1_000 });
    await expect(rig.run({ maxBodyBytes: 999 })).rejects.toMatchObject({ code: 'too-large' });
  });

  describe('when its time runs out', () => {
    const runFor = (ms: number) => {
      const probe = new HttpProbe(asking(rig.url()), rig);
      return probe.operations[0]!.run({ ...NO_LIMIT, deadline: rig.clock.now() + ms });
    };

    it('says that there was no answer', async () => {
      rig.serve = () => {};
      const failure = expect(runFor(1_000)).rejects.toThrow('timed out after 1000 ms while waiting for its answer');
      await eventually(() => rig.requests.length === 1, 'the request');
      await rig.clock.advance(1_000);
      await failure;
    });

    it('says that there was half an answer', async () => {
      rig.serve = (_request, response) => response.write('a beginning');
      const failure = expect(runFor(1_000)).rejects.toThrow('timed out after 1000 ms while reading its answer');
      await eventually(() => rig.requests.length === 1, 'the request');
      // Client and server share this process: it has arrived when nothing moves any more.
      for (let turn = 0; turn < 20; turn++) await settle();
      await rig.clock.advance(1_000);
      await failure;
    });

    it('says that there was no connection to be had', async () => {
      await rig.dispatcher.destroy();
      rig.dispatcher = httpPool({ clock: rig.clock, maxConnections: 1 });
      rig.serve = () => {};
      const holding = expect(runFor(2_000)).rejects.toThrow('waiting for its answer');
      await eventually(() => rig.requests.length === 1, 'a socket that is taken');
      const failure = expect(runFor(1_000)).rejects.toThrow('after 1000 ms while waiting for a connection');
      await rig.clock.advance(1_000);
      await failure;
      await rig.clock.advance(1_000);
      await holding;
    });
  });

  it('names a request that the pool does not take', async () => {
    await rig.dispatcher.destroy();
    await expect(rig.run()).rejects.toMatchObject({ code: 'rejected' });
  });

  it('shows no part of a header that cannot be sent', async () => {
    const failure = rig.run({ headers: { 'x-token': new Secret('s3cret\n') } });
    await expect(failure).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('x-token') });
    await expect(failure).rejects.not.toThrow('s3cret');
  });

  it('names a closed port', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const probe = new HttpProbe(asking(url), rig);
    await expect(probe.operations[0]!.run(NO_LIMIT)).rejects.toMatchObject({ code: 'refused' });
  });
});
