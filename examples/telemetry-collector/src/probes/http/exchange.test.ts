import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@breakwater/resilience';
import { type HttpPoolOptions, httpPool } from '@breakwater/resilience/http';
import { VirtualClock } from '@breakwater/resilience/testing';
import { type Fault, type FaultyServer, faultyServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpProbe } from '../http.js';
import { CountingServer, eventually, FakeLookup } from '../loopback.suite.js';
import { TEST_CERTIFICATE } from './certificate.suite.js';
import { asking, NO_LIMIT } from './rig.suite.js';

describe('the HTTP probe over TLS', () => {
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
      await probe.operations[0]!.run(NO_LIMIT);
      // From a connection that stands ready, too.
      return (await probe.operations[0]!.run(NO_LIMIT))[0]!.fields;
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
    await expect(probe.operations[0]!.run(NO_LIMIT)).rejects.toMatchObject({ code: 'tls' });
    await dispatcher.destroy();
    await ssh.close();
  });
});

describe('the HTTP probe against a server that misbehaves', () => {
  const dispatcher = httpPool();
  let server: FaultyServer;
  const run = (fault: Fault) => {
    server.fault = fault;
    const probe = new HttpProbe(asking(server.url), { dispatcher, clock: new VirtualClock() });
    return probe.operations[0]!.run(NO_LIMIT);
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
    await expect(probe.operations[0]!.run(NO_LIMIT)).rejects.toMatchObject({ code });
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
    await expect(probe.operations[0]!.run(NO_LIMIT)).rejects.toMatchObject({ code: 'too-large' });
    await eventually(() => closed === 1, 'closing');
    endless.close();
  });
});
