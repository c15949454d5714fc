import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TcpProxy, tcpProxy } from './tcp-proxy.js';

let server: Server;
let arrived: string;
let ends: string[];
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  arrived = '';
  ends = [];
  server = createServer((socket) => {
    socket.on('data', (chunk) => {
      arrived += chunk;
      socket.write(chunk);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code!));
    socket.on('close', () => ends.push('close'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await tcpProxy((server.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.stop();
  server.close();
});

/** A connection through the proxy, and what it heard. */
async function client(): Promise<{ socket: Socket; heard: () => string; code: () => string | undefined }> {
  const socket = connect(proxy.port, proxy.host);
  clients.push(socket);
  let [heard, code] = ['', undefined as string | undefined];
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, heard: () => heard, code: () => code };
}

/** Long enough for bytes to have come over the loopback interface, had they been sent. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

it('passes bytes on both ways, and the end', async () => {
  const { socket, heard } = await client();
  socket.write('tide');
  await expect.poll(heard).toBe('tide');
  expect([proxy.accepted, proxy.open]).toEqual([1, 1]);
  socket.end();
  await expect.poll(() => ends).toEqual(['close']);
  await expect.poll(() => proxy.open).toBe(0);
});

it('passes on more than fits into the buffers', async () => {
  const { socket, heard } = await client();
  const much = 'x'.repeat(8 << 20);
  socket.write(much);
  await expect.poll(() => heard().length, { timeout: 60_000 }).toBe(much.length);
});

it('resets what is open when it cuts, refuses what is new, and takes connections again on the same port', async () => {
  const { socket, heard, code } = await client();
  socket.write('tide');
  await expect.poll(heard).toBe('tide');
  await proxy.cut();
  await expect.poll(code).toBe('ECONNRESET');
  await expect.poll(() => ends).toEqual(['ECONNRESET', 'close']);
  expect((await client()).code()).toBe('ECONNREFUSED');
  await proxy.resume();
  const again = await client();
  again.socket.write('back');
  await expect.poll(again.heard).toBe('back');
});

it('keeps connections, old and new, while frozen, and passes nothing on before it is resumed', async () => {
  const old = await client();
  proxy.freeze();
  const young = await client();
  old.socket.write('old');
  young.socket.write('young');
  await aWhile();
  expect([arrived, old.heard(), young.heard()]).toEqual(['', '', '']);
  expect(proxy.open).toBe(2);
  await proxy.resume();
  await expect.poll(() => [old.heard(), young.heard()]).toEqual(['old', 'young']);
});

it('lets the server know nothing of a client that goes while it is frozen', async () => {
  const { socket, heard } = await client();
  socket.write('tide');
  await expect.poll(heard).toBe('tide');
  proxy.freeze();
  socket.write('late');
  socket.destroy();
  await aWhile();
  expect([arrived, ends]).toEqual(['tide', []]);
  await proxy.resume();
  await expect.poll(() => ends).toEqual(['close']);
  expect(arrived).toBe('tidelate');
});

it('ends what is open when it stops, also while frozen', async () => {
  const { code } = await client();
  proxy.freeze();
  await proxy.stop();
  await expect.poll(code).toBe('ECONNRESET');
  expect(proxy.open).toBe(0);
});
