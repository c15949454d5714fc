import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { asker } from './ask.js';

const open: Server[] = [];
const never = new AbortController().signal;

async function listen(server: Server): Promise<string> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const serve = (listener: RequestListener) => listen(createServer(listener));

afterEach(() => {
  for (const server of open.splice(0)) {
    (server as ReturnType<typeof createServer>).closeAllConnections?.();
    server.close();
  }
});

it('gives back status and text, of a 500 as well, and follows nobody', async () => {
  const url = await serve((_, response) => response.writeHead(500, { location: '/else' }).end('broken'));
  expect(await asker(30_000, never)(url)).toEqual({ status: 500, text: 'broken' });
  const moved = await serve((_, response) => response.writeHead(302, { location: url }).end());
  expect(await asker(30_000, never)(moved)).toEqual({ status: 302, text: '' });
});

it.each<[name: string, listener: RequestListener]>([
  ['says nothing', () => {}],
  ['stops in the middle', (_, response) => void response.write('a')],
  [
    'drips',
    (_, response) => {
      const drip = setInterval(() => response.write('a'), 20);
      response.on('close', () => clearInterval(drip));
    },
  ],
])('does not wait for a server that %s', async (_name, listener) => {
  expect(await asker(150, never)(await serve(listener))).toEqual({ silence: 'no answer within 0.15 s' });
});

it('reads no more than it may, compressed or not, and lets the rest go', async () => {
  let isClosed: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => {
    isClosed = resolve;
  });
  const endless = await serve((_, response) => {
    const more = () => void (response.destroyed || response.write('x'.repeat(65_536), more));
    response.on('close', () => isClosed?.());
    more();
  });
  expect(await asker(30_000, never, 200_000)(endless)).toEqual({ silence: 'the answer is longer than 195.3 KiB' });
  await closed;
  const bomb = await serve((_, response) =>
    response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(5_000_000))),
  );
  expect(await asker(30_000, never, 200_000)(bomb)).toEqual({ silence: 'the answer is longer than 195.3 KiB' });
});

it('says why there is no answer', async () => {
  const url = await serve(() => {});
  await new Promise((resolve) => open[0]!.close(resolve));
  expect(await asker(30_000, never)(url)).toEqual({ silence: 'nothing listens there (ECONNREFUSED)' });
  const garbage = await listen(createTcpServer((socket) => socket.end('SSH-2.0-x\r\n')));
  expect(await asker(30_000, never)(garbage)).toEqual({ silence: expect.stringMatching(/^\S.{5,200}$/) });
});

it('rejects when it is told to stop', async () => {
  const stopped = new AbortController();
  const asked = asker(60_000, stopped.signal)(await serve(() => stopped.abort(new Error('SIGINT came'))));
  await expect(asked).rejects.toThrow('SIGINT came');
});
