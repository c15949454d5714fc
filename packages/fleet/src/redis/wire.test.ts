import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWire, type Wire } from './wire.js';

let server: Server;
/** What the server answers to the commands of a piece that arrived. */
let answer: (piece: string, socket: Socket) => void;
const sockets: Socket[] = [];
/** The server's ends. */
let served: Socket[];
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeEach(async () => {
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.on('data', (piece) => answer(String(piece), socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});

afterEach(async () => {
  for (const socket of [...sockets.splice(0), ...served]) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  expect(unhandled.splice(0)).toEqual([]);
});

async function connected(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const HANDSHAKE = { credentials: undefined, db: 0, name: 'test' };
const open = async (): Promise<Wire> => openWire(await connected(), HANDSHAKE);

const ok = (piece: string, socket: Socket) => socket.write('+OK\r\n'.repeat(piece.split('*').length - 1));
const ended = (wire: Wire) => new Promise<Error>((resolve) => wire.onEnd(resolve));

describe('a server that is no Redis', () => {
  it.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'],
    ['noise', '\u0000\u0001\u0002\r\n\r\n\u00ff'],
    ['a length without end', '$99999999999999999999\r\n'],
  ])('%s: no call is answered, and nobody falls over', async (_, bytes) => {
    answer = (_piece, socket) => socket.write(bytes);
    const socket = await connected();
    const asked = openWire(socket, HANDSHAKE).then((wire) => wire.call('ping', []));
    const limit = setTimeout(() => socket.destroy(new Error('it gave no answer')), 300);
    await expect(asked).rejects.toThrow();
    clearTimeout(limit);
    socket.destroy();
  });
});

it('says of an HTTP server what it is, or rather is not', async () => {
  answer = (_piece, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  await expect(open()).rejects.toThrow("what answers there does not speak Redis' protocol");
});

describe('a wire', () => {
  it('ends when the server says more than it was asked', async () => {
    answer = ok;
    const wire = await open();
    expect(await wire.call('ping', [])).toBe('OK');
    served[0]!.write('+MORE\r\n');
    await expect.poll(() => wire.open).toBe(false);
    const over = ended(wire);
    wire.destroy(new Error('over'));
    expect((await over).message).toContain('Last reply: MORE');
  });

  it('ends with the reason that it was given, told once, and to who asks later', async () => {
    answer = ok;
    const wire = await open();
    const reasons: string[] = [];
    wire.onEnd(({ message }) => reasons.push(message));
    const call = wire.call('ping', []);
    answer = () => {};
    wire.destroy(new Error('enough'));
    wire.destroy(new Error('again'));
    await expect(call).rejects.toThrow();
    await expect.poll(() => reasons).toEqual(['enough']);
    expect((await ended(wire)).message).toBe('enough');
    expect(wire.open).toBe(false);
    await expect(wire.call('ping', [])).rejects.toThrow();
  });
});
