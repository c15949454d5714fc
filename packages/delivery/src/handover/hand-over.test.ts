import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Clock, ConfigError, systemClock } from '@breakwater/resilience';
import { seededRandom, settle } from '@breakwater/resilience/testing';
import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { writeGateway } from '../gateway/gateway.js';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { HandOverError, type HandOverOptions, handOverTo } from './hand-over.js';

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly port: number;
}
type Step = number | 'reset' | 'hang' | { status: number; headers?: Record<string, string>; body?: string };

const TIMEOUT_MS = 10_000;
const BODY = Buffer.from('m f=1 1\nm f=1 2\n');
const LANE = 'http://a:8086';

const closers: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Pauses are over at once, and kept; what is as long as the timeout never comes. */
function hurried(pauses: number[]): Clock {
  return {
    ...systemClock,
    after: (ms, run) => {
      if (ms >= TIMEOUT_MS) return { [Symbol.dispose]: () => {} };
      pauses.push(ms);
      const handle = setImmediate(run);
      return { [Symbol.dispose]: () => clearImmediate(handle) };
    },
  };
}

async function peer(steps: Step[]) {
  const seen: Seen[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url, headers, socket } = request;
    seen.push({ url: url!, headers, text: gunzipSync(Buffer.concat(chunks)).toString(), port: socket.remotePort! });
    const step = steps.shift() ?? 204;
    if (step === 'hang') return;
    if (step === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const { status, headers: more = {}, body = '' } = typeof step === 'number' ? { status: step } : step;
    response.writeHead(status, more).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function handing(url: string, options: Partial<HandOverOptions> = {}) {
  const pauses: number[] = [];
  const send = handOverTo({ url, instance: 'me', timeoutMs: TIMEOUT_MS, clock: hurried(pauses), ...options });
  const hand = (destination = { org: '', bucket: 't' }, signal = new AbortController().signal) =>
    send({ lanes: [LANE], destination, body: [BODY], bytes: BODY.length, points: 2 }, signal);
  return { hand, pauses };
}

describe('a hand-over', () => {
  it('brings the lines, the lanes, the sender and the token', async () => {
    const { url, seen } = await peer([]);
    const { hand } = handing(url, { token: 's3cret' });
    await hand();
    expect(seen).toHaveLength(1);
    expect(seen[0]!.text).toBe(BODY.toString());
    expect(seen[0]!.headers).toMatchObject({
      'breakwater-from': 'me',
      'breakwater-lanes': 'http%3A%2F%2Fa%3A8086',
      authorization: 'Token s3cret',
      'content-encoding': 'gzip',
    });
  });

  it.each([
    [{ org: '', bucket: '' }, '/write'],
    [{ org: '', bucket: 'a b' }, '/write?db=a+b'],
    [{ org: '', bucket: 'db/rp' }, '/write?db=db&rp=rp'],
    [{ org: '', bucket: 'db/rp/x' }, '/write?db=db&rp=rp%2Fx'],
    [{ org: 'o', bucket: 'b/c' }, '/api/v2/write?org=o&bucket=b%2Fc'],
    [{ org: 'o', bucket: '' }, '/api/v2/write?org=o&bucket='],
  ])('to %j goes to %s, and arrives there as it was', async (destination, path) => {
    const { url, seen } = await peer([]);
    await handing(`${url}/`).hand(destination);
    expect(seen[0]!.url).toBe(path);
    await handing(`${url}/behind/a/proxy`).hand(destination);
    expect(seen[1]!.url).toBe(`/behind/a/proxy${path}`);

    const intake = new MemoryIntake([LANE]);
    const app = Fastify();
    await app.register(writeGateway, { intake, instance: 'peer' });
    closers.push(() => app.close());
    await handing(await app.listen()).hand(destination);
    expect(intake.offers).toEqual([{ lines: ['m f=1 1', 'm f=1 2'], destination, lanes: [LANE] }]);
  });

  it('tries again, each time on a new connection, until a peer has accepted', async () => {
    const { url, seen } = await peer([421, 429, 503, 'reset', 500, 408, 421]);
    const { hand, pauses } = handing(url, { random: seededRandom(1) });
    await hand();
    expect(seen).toHaveLength(8);
    expect(new Set(seen.map(({ port }) => port)).size).toBe(8);
    expect(pauses).toHaveLength(7);
    expect(new Set(pauses).size).toBe(7);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
  });

  it('waits as long as a peer asks, within reason', async () => {
    const { url } = await peer([
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 503, headers: { 'retry-after': '3600' } },
      { status: 503, headers: { 'retry-after': 'soon' } },
    ]);
    const { hand, pauses } = handing(url);
    await hand();
    expect(pauses[0]).toBe(1_000);
    expect(pauses[1]).toBe(2_000);
    expect(pauses[2]).toBeLessThan(2_000);
  });

  it('goes on to a peer soon, however often a proxy leads back to this very process', async () => {
    const { url, seen } = await peer([503, ...Array.from({ length: 20 }, () => 421)]);
    const { hand, pauses } = handing(url, { random: seededRandom(1) });
    await hand();
    expect(seen).toHaveLength(22);
    expect(new Set(seen.map(({ port }) => port)).size).toBe(22);
    expect(new Set(pauses.slice(1)).size).toBe(20);
    expect(Math.min(...pauses.slice(1))).toBeGreaterThanOrEqual(50);
    expect(Math.max(...pauses.slice(1))).toBeLessThanOrEqual(150);
  });

  it('ends with its signal: while it waits for an answer, and between two tries', async () => {
    const { url, seen } = await peer(['hang']);
    const controller = new AbortController();
    const waiting = handing(url).hand(undefined, controller.signal);
    while (seen.length === 0) await settle();
    controller.abort(new Error('the drain is over'));
    await expect(waiting).rejects.toThrow();

    let isPausing = false;
    const after = (ms: number) => {
      if (ms < TIMEOUT_MS) isPausing = true;
      return { [Symbol.dispose]: () => {} };
    };
    const never = { ...systemClock, after };
    const other = await peer([503]);
    const pausing = handing(other.url, { clock: never });
    const end = new AbortController();
    const paused = pausing.hand(undefined, end.signal);
    while (!isPausing) await settle();
    end.abort(new Error('the drain is over'));
    await expect(paused).rejects.toThrow(`the last try: ${other.url} answered 503`);
    expect(other.seen).toHaveLength(1);
  });

  it.each([
    [401, 'give both the same token'],
    [404, 'see that the hand-over url leads to a Breakwater write gateway'],
    [409, 'give every process the same backends'],
    [413, 'let the peers take bodies as large'],
    [400, 'a Breakwater write gateway of the same version'],
    [200, 'a Breakwater write gateway of the same version'],
    [301, 'a Breakwater write gateway of the same version'],
  ])('is over at %d, and says what to do', async (status, advice) => {
    const { url, seen } = await peer([{ status, body: `{"error":"${'no '.repeat(1e5)}"}` }]);
    const error = await handing(url, { token: 's3cret' })
      .hand()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HandOverError);
    expect((error as Error).message).toContain(advice);
    expect((error as Error).message).toContain(`${url} answered ${status}: {"error":"no no`);
    expect((error as Error).message.length).toBeLessThan(500);
    expect((error as Error).message).not.toContain('s3cret');
    expect(seen).toHaveLength(1);
  });

  it.each(['', 'ftp://a', 'http://u:p@a', 'not a url'])('cannot be configured with %j', (url) => {
    expect(() => handOverTo({ url, instance: 'me' })).toThrow(ConfigError);
  });
});
