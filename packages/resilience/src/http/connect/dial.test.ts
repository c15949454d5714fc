import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { TEST_CERTIFICATE } from './certificate.suite.js';
import { type Connected, Dial } from './dial.js';
import { TlsSessions } from './tls-sessions.js';

/** A TLS server on loopback that answers each handshake, or hangs up in it once `rude` is set. */
async function setup() {
  const clock = new VirtualClock();
  const sessions = new TlsSessions(8);
  const seen: Array<string | false | null> = [];
  const behaviour = { rude: false };
  const sockets = new Set<Socket>();
  const secure = createTlsServer(TEST_CERTIFICATE, (socket) => {
    seen.push(socket.servername);
    socket.on('error', () => {});
  });
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    if (behaviour.rude) socket.destroy();
    else secure.emit('connection', socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const dial = async (host: string) => {
    let done: (outcome: { error: unknown; connected: Connected | undefined }) => void = () => {};
    const outcome = new Promise<{ error: unknown; connected: Connected | undefined }>((resolve) => {
      done = resolve;
    });
    const attempt = new Dial({
      host,
      port,
      tls: { ca: TEST_CERTIFICATE.cert },
      sessions,
      nameLookup: { lookup: async () => [{ address: '127.0.0.1', family: 4 }] },
      clock,
      timeoutMs: 10_000,
      headStartMs: 250,
      extra: () => undefined,
      done: (error, connected) => done({ error, connected }),
    });
    const { error, connected } = await outcome;
    connected?.socket.on('error', () => {});
    return { attempt, error, socket: connected?.socket as TLSSocket | undefined };
  };
  return {
    clock,
    sessions,
    seen,
    behaviour,
    port,
    dial,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Reads, so that what comes after the handshake is noticed. */
async function session(socket: TLSSocket): Promise<void> {
  socket.resume();
  await once(socket, 'session');
}

describe('Dial', () => {
  it('names the server in the handshake, unless it is an address', async () => {
    await using scene = await setup();
    for (const [index, host] of ['server.test', '127.0.0.1', 'other.test.'].entries()) {
      const { socket } = await scene.dial(host);
      while (scene.seen.length <= index) await settle();
      socket!.destroy();
    }
    expect(scene.seen).toEqual(['server.test', false, 'other.test']);
  });

  it('resumes the last session with a server, until a handshake with it fails', async () => {
    await using scene = await setup();
    const { dial, sessions, behaviour, port } = scene;
    const first = await dial('server.test');
    await session(first.socket!);
    expect(first.socket!.isSessionReused()).toBe(false);
    const second = await dial('server.test');
    expect(second.socket!.isSessionReused()).toBe(true);
    behaviour.rude = true;
    expect((await dial('server.test')).error).toMatchObject({ code: /^(ECONNRESET|UND_ERR_SOCKET)$/ });
    expect(sessions.get(`server.test:${port}`)).toBeUndefined();
    for (const { socket } of [first, second]) socket!.destroy();
  });

  it('leaves no timer, and cannot be cancelled, once it is over', async () => {
    await using scene = await setup();
    const { attempt, socket } = await scene.dial('server.test');
    expect(scene.clock.timers).toBe(0);
    attempt.cancel(new Error('too late'));
    await settle();
    expect(socket!.destroyed).toBe(false);
    socket!.destroy();
  });
});
