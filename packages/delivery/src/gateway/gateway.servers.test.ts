import { gzipSync } from 'node:zlib';
import { startServer } from '@breakwater/testbed';
import fc from 'fast-check';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Offer } from '../intake/intake.js';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { BROKEN_LINES, bentLine, brokenLine, goodLine, noise } from './bodies.suite.js';
import { writeGateway } from './gateway.js';

/** Passes on what it accepts, without a precision, as a lane does. */
class PassingIntake extends MemoryIntake {
  readonly answers: number[] = [];
  readonly #url: string;

  constructor(url: string) {
    super();
    this.#url = url;
  }

  override async accept(offer: Offer): Promise<void> {
    await super.accept(offer);
    const url = `${this.#url}/write?${new URLSearchParams({ db: offer.destination.bucket })}`;
    for (const { body } of offer.lines) this.answers.push((await fetch(url, { method: 'POST', body })).status);
  }
}

describe('the write gateway, beside InfluxDB 1.6', () => {
  let server: Awaited<ReturnType<typeof startServer<'influxdb'>>>;
  let app: FastifyInstance;
  let intake: PassingIntake;
  let gatewayUrl: string;

  beforeAll(async () => {
    server = await startServer('influxdb');
    app = Fastify();
    intake = new PassingIntake(server.url);
    await app.register(writeGateway, { intake, instance: 'me' });
    gatewayUrl = await app.listen();
  });
  afterAll(async () => {
    await app?.close();
    await server?.stop();
  });

  /** The answer begins before the work is done; it ends after it. */
  const run = async (q: string) =>
    (await fetch(`${server.url}/query`, { method: 'POST', body: new URLSearchParams({ q }) })).text();
  /** A new one for each body, so that no field has a type from before. */
  const database = async (name: string) => {
    await run(`CREATE DATABASE "${name}"`);
    return name;
  };
  const drop = (name: string) => run(`DROP DATABASE "${name}"`);
  const write = async (to: string, path: string, body: Uint8Array, headers: Record<string, string> = {}) => {
    try {
      return (await fetch(`${to}${path}`, { method: 'POST', body, headers })).status;
    } catch (error) {
      // The server repeats a malformed line in a header of its 400, control characters and all.
      const cause = (error as Error).cause as { code?: string } | undefined;
      if (to === server.url && cause?.code === 'HPE_INVALID_HEADER_TOKEN') return 400;
      throw error;
    }
  };
  /** Instants are longer than a number can tell: they come as text. */
  const times = async (db: string, measurement = 'm'): Promise<string[]> => {
    const q = `SELECT * FROM "${measurement}"`;
    const text = await (await fetch(`${server.url}/query?${new URLSearchParams({ db, epoch: 'ns', q })}`)).text();
    return [...text.matchAll(/\[(-?\d+),/g)].map(([, time]) => time!);
  };

  const judge = async (body: string, name: string) => {
    const theirs = await database(`${name}_theirs`);
    const ours = await database(`${name}_ours`);
    const verdict = await write(server.url, `/write?db=${theirs}`, Buffer.from(body));
    intake.answers.length = 0;
    const our = await write(gatewayUrl, `/write?db=${ours}`, Buffer.from(body));
    await Promise.all([drop(theirs), drop(ours)]);
    return { theirs: verdict, ours: our, passedOn: [...intake.answers] };
  };

  it.each(BROKEN_LINES.map((line) => [line]))('refuses what the server refuses: %j', async (line) => {
    const { theirs, ours } = await judge(line, 'broken');
    expect([theirs, ours]).toEqual([400, 400]);
  });

  it('accepts what the server accepts, refuses what it refuses, and what it passes on is taken', {
    timeout: 180_000,
  }, async () => {
    const line = fc.oneof(
      { weight: 4, arbitrary: bentLine },
      { weight: 2, arbitrary: goodLine },
      { weight: 1, arbitrary: noise },
      { weight: 1, arbitrary: brokenLine },
    );
    const verdicts = new Map<number, number>();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(line, async (body) => {
        const { theirs, ours, passedOn } = await judge(body, `b${count++}`);
        verdicts.set(theirs, (verdicts.get(theirs) ?? 0) + 1);
        expect({ body, status: ours }).toEqual({ body, status: theirs });
        expect(passedOn.every((status) => status === 204)).toBe(true);
      }),
      { numRuns: 200 },
    );
    expect(verdicts.get(204)).toBeGreaterThan(30);
    expect(verdicts.get(400)).toBeGreaterThan(30);
  });

  it('brings instants back to the digit, in every precision of both APIs', async () => {
    const ns = 1_763_784_000_123_456_789n;
    const units = {
      n: 1n,
      ns: 1n,
      u: 1_000n,
      us: 1_000n,
      ms: 10n ** 6n,
      s: 10n ** 9n,
      m: 60n * 10n ** 9n,
      h: 3_600n * 10n ** 9n,
    };
    for (const api of [1, 2]) {
      for (const [precision, unit] of Object.entries(units)) {
        if (api === 2 && !['ns', 'us', 'ms', 's'].includes(precision)) continue;
        const db = await database(`t${api}_${precision}`);
        const at = ns / unit;
        const path = api === 1 ? `/write?db=${db}` : `/api/v2/write?org=o&bucket=${db}`;
        const body = gzipSync(`m f=1 ${at}\nm f=2 ${at + 1n}\nm f=3 -${at}\n`);
        intake.answers.length = 0;
        expect(await write(gatewayUrl, `${path}&precision=${precision}`, body, { 'content-encoding': 'gzip' })).toBe(
          204,
        );
        expect([api, precision, ...intake.answers]).toEqual([api, precision, 204]);
        const due = [-at, at, at + 1n].map((time) => String(time * unit));
        expect([api, precision, await times(db)]).toEqual([api, precision, due]);
      }
    }
  });

  it('keeps two points that are one nanosecond apart, without a precision too', async () => {
    const db = await database('near');
    expect(
      await write(gatewayUrl, `/write?db=${db}`, Buffer.from('m f=1 1763784000123456788\nm f=1 1763784000123456789')),
    ).toBe(204);
    expect(await times(db)).toEqual(['1763784000123456788', '1763784000123456789']);
  });

  it.each([
    ['nothing at all', '', {}],
    ['gzip of nothing', gzipSync(''), { 'content-encoding': 'gzip' }],
    ['empty gzip', '', { 'content-encoding': 'gzip' }],
    ['cut gzip', gzipSync('m f=1 1').subarray(0, -3), { 'content-encoding': 'gzip' }],
    [
      'gzip in two members',
      Buffer.concat([gzipSync('m f=1 1\n'), gzipSync('m f=1 2')]),
      { 'content-encoding': 'gzip' },
    ],
    [
      'gzip with something behind it',
      Buffer.concat([gzipSync('m f=1 1\n'), Buffer.from('x')]),
      { 'content-encoding': 'gzip' },
    ],
    [
      'gzip with zeros behind it',
      Buffer.concat([gzipSync('m f=1 1\n'), Buffer.alloc(16)]),
      { 'content-encoding': 'gzip' },
    ],
    ['only comments', '# a\n\n# b', {}],
    ['a type that it does not know', 'm f=1 1', { 'content-type': 'application/x-thing' }],
  ] as Array<[string, string | Uint8Array, Record<string, string>]>)(
    'answers as the server to %s',
    async (_what, body, headers) => {
      const db = await database('odd');
      const theirs = await write(server.url, `/write?db=${db}`, Buffer.from(body), headers);
      expect(await write(gatewayUrl, `/write?db=${db}`, Buffer.from(body), headers)).toBe(theirs);
    },
  );
});
