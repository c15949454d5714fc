import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, type FaultProxyOptions, faultProxy, type ProxyFault } from './proxy.js';
import { sentAgainAfterSuccess } from './proxy-writes.js';

const LINES = 'tide level=1 1\ntide level=2 2\n';

let server: Server;
let seen: Array<{ url: string; body: string; socket: unknown; at: number }>;
let proxy: FaultProxy;
let client: Agent;
let reply: { status: number; headers: Record<string, string>; body: string };

beforeEach(async () => {
  seen = [];
  reply = { status: 204, headers: { 'x-server': 'real' }, body: '' };
  server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      seen.push({ url: incoming.url!, body: body.toString(), socket: incoming.socket, at: performance.now() });
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new Agent({ keepAlive: true });
});

afterEach(async () => {
  client.destroy();
  await proxy.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const start = async (options?: FaultProxyOptions): Promise<void> => {
  proxy = await faultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
};

const send = async (body: string | Buffer = LINES, headers: Record<string, string> = {}, path = '/write?db=x') => {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${proxy.url}${path}`, { agent: client, method: 'POST', headers }, resolve).on('error', reject).end(body);
  });
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
};

const failure = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('the fault proxy', () => {
  it('passes requests and answers on, and keeps connections on both sides', async () => {
    await start();
    reply = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'taken' };
    for (let turn = 0; turn < 3; turn++) {
      const answer = await send(gzipSync(LINES), { 'content-encoding': 'gzip' });
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'taken' });
    }
    expect(seen.map(({ url, body }) => [url, body])).toEqual(Array(3).fill(['/write?db=x', LINES]));
    expect(new Set(seen.map(({ socket }) => socket)).size).toBe(1);
    expect(proxy).toMatchObject({ accepted: 1, open: 1, requests: 3, writes: 3, forwarded: 3 });
  });

  it('answers by itself, for every request or for writes alone', async () => {
    await start();
    const throttled: ProxyFault = { status: 429, headers: { 'retry-after': '7' }, body: 'slowly' };
    await proxy.set(throttled);
    expect(await send()).toMatchObject({ status: 429, headers: { 'retry-after': '7' }, body: 'slowly' });
    expect((await send('', {}, '/ping')).status).toBe(429);
    await proxy.set(throttled, { only: 'writes' });
    expect((await send()).status).toBe(429);
    expect((await send('', {}, '/api/v2/write?bucket=b')).status).toBe(429);
    expect((await send('', {}, '/ping')).status).toBe(204);
    expect(seen).toHaveLength(1);
    expect(proxy).toMatchObject({ requests: 5, writes: 3, forwarded: 1 });
  });

  it('befalls so many requests and no more', async () => {
    await start();
    await proxy.set({ status: 503 }, { only: 'writes', times: 2 });
    expect((await send('', {}, '/ping')).status).toBe(204);
    const statuses = [(await send()).status, (await send()).status, (await send()).status];
    expect(statuses).toEqual([503, 503, 204]);
    expect(proxy.fault).toBe('none');
  });

  it('resets before the backend sees anything, or after it stored everything', async () => {
    await start({ recordBytes: 1000 });
    await proxy.set('reset-before');
    expect(await failure(send())).toBe('ECONNRESET');
    expect(seen).toHaveLength(0);
    await proxy.set('reset-after');
    expect(await failure(send())).toBe('ECONNRESET');
    expect(seen).toHaveLength(1);
    expect(proxy.recorded).toMatchObject([
      { status: undefined, backendStatus: undefined },
      { status: undefined, backendStatus: 204 },
    ]);
  });

  it('ends in the middle of an answer', async () => {
    await start();
    await proxy.set('half-answer');
    const socket = connect(proxy.port, proxy.host);
    socket.write('POST /write HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    expect(await text(socket)).toBe('HTTP/1.1 204 ');
    expect(await failure(send())).not.toBe('answered');
    expect(seen).toHaveLength(2);
  });

  it('delays what it passes on, and the answer', async () => {
    await start();
    const timed = async () => {
      const begun = performance.now();
      await send();
      return { before: seen.at(-1)!.at - begun, after: performance.now() - seen.at(-1)!.at };
    };
    await proxy.set({ delayMs: 30 });
    expect((await timed()).before).toBeGreaterThan(28);
    await proxy.set({ delayAnswerMs: 30 });
    expect((await timed()).after).toBeGreaterThan(28);
  });

  it('is down: resets what is open and refuses what comes, and is there again on the same port', async () => {
    await start();
    await send();
    const { port } = proxy;
    await proxy.set('down');
    expect(proxy.open).toBe(0);
    // The first may still find the socket that was reset.
    await failure(send());
    expect(await failure(send())).toBe('ECONNREFUSED');
    await proxy.set('none');
    expect(proxy.port).toBe(port);
    expect((await send()).status).toBe(204);
    expect(seen).toHaveLength(2);
  });

  it('counts a body after it was decompressed', async () => {
    await start();
    await proxy.set({ maxBytes: 100 });
    expect((await send('x'.repeat(100))).status).toBe(204);
    expect((await send('x'.repeat(101))).status).toBe(413);
    expect((await send(gzipSync('x'.repeat(101)), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(seen).toHaveLength(1);
  });

  it('resets where the backend is gone, and survives it', async () => {
    await start();
    await send();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(send())).toBe('ECONNRESET');
    expect(proxy).toMatchObject({ requests: 2 });
  });

  it('survives bodies that are no gzip', async () => {
    await start({ recordBytes: 1000 });
    expect(await failure(send('no gzip', { 'content-encoding': 'gzip' }))).toBe('ECONNRESET');
    expect((await send()).status).toBe(204);
  });
});

describe('its record of writes', () => {
  it('holds decompressed bodies and the status that the client got, up to a limit', async () => {
    await start({ recordBytes: 2 * LINES.length });
    await send(gzipSync(LINES), { 'content-encoding': 'gzip' });
    await proxy.set({ status: 503 });
    await send();
    await send('', {}, '/ping');
    expect(proxy.recorded).toMatchObject([
      { path: '/write?db=x', body: Buffer.from(LINES), status: 204, backendStatus: 204 },
      { status: 503, backendStatus: undefined },
    ]);
    expect(proxy.unrecorded).toBe(0);
    await send();
    expect(proxy.recorded).toHaveLength(2);
    expect(proxy.unrecorded).toBe(1);
  });

  it('is kept on demand alone', async () => {
    await start();
    await send();
    expect(proxy.recorded).toEqual([]);
    expect(proxy.unrecorded).toBe(1);
  });

  it('counts the lines that were sent again after a 2xx, and no others', async () => {
    await start({ recordBytes: 10_000 });
    await proxy.set({ status: 503 }, { times: 1 });
    await send();
    await send();
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(0);
    await proxy.set('reset-after', { times: 1 });
    await failure(send('tide level=3 3\n'));
    await send('tide level=3 3\n');
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(0);
    await send('tide level=2 2\ntide level=4 4\n');
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(1);
  });

  it('counts no line whose 2xx may have been lost with its connection', async () => {
    await start({ recordBytes: 10_000 });
    const reset = async () => {
      await proxy.set('down');
      await proxy.set('none');
      // The first may still find the socket that was reset.
      await failure(send('', {}, '/ping'));
    };
    await send('tide level=5 5\n');
    await reset();
    await send('tide level=5 5\n');
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(0);
    // Who asks again over the connection has read the answer before.
    await send('', {}, '/ping');
    await reset();
    await send('tide level=5 5\n');
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(1);
  });

  it('counts no line that was under way twice at the same time', async () => {
    await start({ recordBytes: 10_000 });
    await proxy.set({ delayAnswerMs: 1_000 });
    await Promise.all([send(), send()]);
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(0);
  });
});
