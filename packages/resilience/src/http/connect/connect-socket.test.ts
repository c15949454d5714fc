import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.js';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import type { Address, NameLookup } from '../lookup/name-lookup.js';
import { NameLookupError } from '../lookup/name-lookup-error.js';
import { TEST_CERTIFICATE } from './certificate.suite.js';
import { type ConnectSocketOptions, connectSocket } from './connect-socket.js';
import { startFullServer } from './full-server.suite.js';

const ca = TEST_CERTIFICATE.cert;

async function listen(server: Server) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as { port: number }).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const tcpServer = () => listen(createServer());
const tlsServer = () => listen(createTlsServer({ ...TEST_CERTIFICATE }));

/** Every name has these addresses. */
const always = (...list: string[]): NameLookup => ({
  lookup: async () => list.map((address): Address => ({ address, family: address.includes(':') ? 6 : 4 })),
});
/** Never answers, whatever the signal. */
const deaf: NameLookup = { lookup: () => new Promise(() => {}) };

async function connected(options: ConnectSocketOptions) {
  const connection = await connectSocket(options);
  connection.socket.on('error', () => {});
  return { ...connection, [Symbol.dispose]: () => connection.socket.destroy() };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await settle();
};

describe('connectSocket', () => {
  it('connects to an address without a look-up', async () => {
    await using server = await tcpServer();
    using connection = await connected({ host: '127.0.0.1', port: server.port, nameLookup: deaf });
    expect(connection.address).toEqual({ address: '127.0.0.1', family: 4 });
    expect(connection.phases).toMatchObject({ lookupMs: 0, tlsMs: 0 });
    expect(connection.phases.tcpMs).toBeGreaterThan(0);
    expect(connection.socket).toBe(connection.transport);
    expect(connection.socket.listenerCount('close')).toBe(0);
  });

  it('looks a name up and goes on to the next address where one refuses', async () => {
    await using server = await tcpServer();
    const nameLookup = always('127.0.0.2', '127.0.0.1');
    using connection = await connected({ host: 'server.test', port: server.port, nameLookup });
    expect(connection.address.address).toBe('127.0.0.1');
  });

  it('says what happened at each address where none would have it', async () => {
    const port = await closedPort();
    const one = connectSocket({ host: '127.0.0.1', port, nameLookup: deaf });
    await expect(one).rejects.toMatchObject({ code: 'ECONNREFUSED', port });
    const two = connectSocket({ host: 'server.test', port, nameLookup: always('127.0.0.1', '127.0.0.2') });
    await expect(two).rejects.toBeInstanceOf(AggregateError);
    await expect(two).rejects.toMatchObject({ code: 'ECONNREFUSED', message: /127\.0\.0\.1.*; .*127\.0\.0\.2/ });
  });

  it('passes the error of the look-up on', async () => {
    const error = new NameLookupError('gone.test', 'ENOTFOUND');
    const nameLookup = { lookup: () => Promise.reject(error) };
    await expect(connectSocket({ host: 'gone.test', port: 1, nameLookup })).rejects.toBe(error);
    await expect(connectSocket({ host: 'gone.test', port: 1, nameLookup: always() })).rejects.toMatchObject({
      code: 'ENODATA',
    });
  });

  it('tells the look-up its family, its deadline and when it is over', async () => {
    const clock = new VirtualClock({ nowMs: 1000 });
    const seen: unknown[] = [];
    const nameLookup: NameLookup = {
      lookup: (_name, options) => {
        seen.push(options);
        return new Promise(() => {});
      },
    };
    const running = connectSocket({ host: 'a.test', port: 1, nameLookup, clock, family: 6, timeoutMs: 700 });
    await settle();
    expect(seen).toEqual([{ family: 6, deadline: 1700, signal: expect.any(AbortSignal) }]);
    const { signal } = seen[0] as { signal: AbortSignal };
    expect(signal.aborted).toBe(false);
    running.catch(() => {});
    await clock.advance(700);
    expect(signal.aborted).toBe(true);
  });

  it('refuses a port or a time that makes no sense', async () => {
    for (const port of [-1, 65_536, 1.5, Number.NaN])
      await expect(connectSocket({ host: 'a.test', port, nameLookup: deaf })).rejects.toBeInstanceOf(ConfigError);
    const negative = connectSocket({ host: 'a.test', port: 1, nameLookup: deaf, timeoutMs: -1 });
    await expect(negative).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('connectSocket: time', () => {
  it('ends a look-up that hangs, even one that obeys nobody', async () => {
    const clock = new VirtualClock();
    const running = connectSocket({ host: 'a.test', port: 80, nameLookup: deaf, clock, timeoutMs: 3000 });
    const outcome = running.catch((error) => error);
    await clock.advance(2999);
    expect(clock.timers).toBe(1);
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
      message: 'no connection to a.test:80 after 3000 ms (looking up its name)',
    });
    expect(clock.timers).toBe(0);
  });

  it('ends a connect that hangs, and leaves no socket', async () => {
    await using server = await startFullServer();
    const clock = new VirtualClock();
    const running = connectSocket({ host: '127.0.0.1', port: server.port, nameLookup: deaf, clock });
    const outcome = running.catch((error) => error);
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
      message: `no connection to 127.0.0.1:${server.port} after 10000 ms (connecting to 127.0.0.1)`,
    });
  });

  it('ends a TLS handshake that hangs, and leaves no socket', async () => {
    await using server = await tcpServer();
    const clock = new VirtualClock();
    const running = connectSocket({
      host: '127.0.0.1',
      port: server.port,
      nameLookup: deaf,
      clock,
      tls: {},
      timeoutMs: 500,
    });
    const outcome = running.catch((error) => error);
    await until(() => server.sockets.size === 1);
    for (const socket of server.sockets) await once(socket, 'readable');
    await clock.advance(500);
    expect(await outcome).toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT', message: /in the TLS handshake/ });
    for (const socket of server.sockets) socket.resume();
    await until(() => server.sockets.size === 0);
  });

  it('keeps the deadline where that is nearer than the time limit', async () => {
    const clock = new VirtualClock({ nowMs: 5000 });
    const late = connectSocket({ host: 'a.test', port: 80, nameLookup: deaf, clock, deadline: 5200 });
    const outcome = late.catch((error) => error.message);
    await clock.advance(200);
    expect(await outcome).toBe('no connection to a.test:80 after 200 ms (looking up its name)');
    const past = connectSocket({ host: '127.0.0.1', port: 80, nameLookup: deaf, clock, deadline: 100 });
    const tooLate = past.catch((error) => error.code);
    await clock.advance(0);
    expect(await tooLate).toBe('UND_ERR_CONNECT_TIMEOUT');
  });
});

describe('connectSocket: abort', () => {
  const reason = new Error('enough');

  it('ends with the reason of the signal, in whatever stage', async () => {
    await using full = await startFullServer();
    await using mute = await tcpServer();
    const stages: Array<Pick<ConnectSocketOptions, 'host' | 'port' | 'tls'>> = [
      { host: 'a.test', port: 80 },
      { host: '127.0.0.1', port: full.port },
      { host: '127.0.0.1', port: mute.port, tls: {} },
    ];
    for (const stage of stages) {
      const controller = new AbortController();
      const running = connectSocket({ ...stage, nameLookup: deaf, signal: controller.signal });
      const outcome = running.catch((error) => error);
      if (stage.tls !== undefined) await until(() => mute.sockets.size === 1);
      controller.abort(reason);
      expect(await outcome).toBe(reason);
    }
    for (const socket of mute.sockets) socket.resume();
    await until(() => mute.sockets.size === 0);
  });

  it('opens nothing when the look-up answers all the same', async () => {
    await using server = await tcpServer();
    let found: (addresses: Address[]) => void = () => {};
    const nameLookup = { lookup: () => new Promise<Address[]>((resolve) => (found = resolve)) };
    const controller = new AbortController();
    const running = connectSocket({ host: 'a.test', port: server.port, nameLookup, signal: controller.signal });
    running.catch(() => {});
    await settle();
    controller.abort(reason);
    found([{ address: '127.0.0.1', family: 4 }]);
    await expect(running).rejects.toBe(reason);
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(server.sockets.size).toBe(0);
  });

  it('does not begin for a signal that was aborted', async () => {
    await using server = await tcpServer();
    const running = connectSocket({
      host: '127.0.0.1',
      port: server.port,
      nameLookup: deaf,
      signal: AbortSignal.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await settle();
    expect(server.sockets.size).toBe(0);
  });

  it('does nothing once the socket was handed over', async () => {
    await using server = await tcpServer();
    const controller = new AbortController();
    using connection = await connected({
      host: '127.0.0.1',
      port: server.port,
      nameLookup: deaf,
      signal: controller.signal,
    });
    controller.abort(reason);
    await settle();
    expect(connection.socket.destroyed).toBe(false);
  });
});

describe('connectSocket: TLS', () => {
  it('checks the certificate against the name, or against the address', async () => {
    await using server = await tlsServer();
    const nameLookup = always('127.0.0.1');
    const servername = (socket: Socket) => (socket as TLSSocket).servername;
    for (const host of ['server.test', 'server.test.', '127.0.0.1']) {
      using connection = await connected({ host, port: server.port, nameLookup, tls: { ca } });
      expect((connection.socket as TLSSocket).authorized).toBe(true);
      expect(servername(connection.socket) || '127.0.0.1').toBe(host.replace(/\.$/, ''));
      expect(connection.phases.tlsMs).toBeGreaterThan(0);
      expect(connection.transport).not.toBe(connection.socket);
    }
    const wrong = connectSocket({ host: 'wrong.test', port: server.port, nameLookup, tls: { ca } });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const unknown = connectSocket({ host: 'server.test', port: server.port, nameLookup, tls: {} });
    await expect(unknown).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    using named = await connected({
      host: 'wrong.test',
      port: server.port,
      nameLookup,
      tls: { ca, servername: 'other.test' },
    });
    expect(servername(named.socket)).toBe('other.test');
  });

  it('fails, and leaves no socket, where no handshake can be made with the options', async () => {
    await using server = await tcpServer();
    const connecting = connectSocket({
      host: '127.0.0.1',
      port: server.port,
      nameLookup: deaf,
      tls: { cert: 'no certificate', key: 'no key' },
    });
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_OSSL_PEM_NO_START_LINE' });
    await until(() => server.sockets.size === 0);
  });

  it('says so when the other side hangs up in the handshake', async () => {
    await using server = await listen(createServer((socket) => socket.end()));
    const running = connectSocket({ host: '127.0.0.1', port: server.port, nameLookup: deaf, tls: {} });
    await expect(running).rejects.toMatchObject({ code: /^(ECONNRESET|UND_ERR_SOCKET)$/ });
  });
});

async function closedPort(): Promise<number> {
  const server = await tcpServer();
  await server[Symbol.asyncDispose]();
  return server.port;
}
