import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ConfigError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { type WriteGatewayOptions, writeGateway } from './gateway.js';
import { GatewayMeter } from './metrics.js';

const LINE = 'cpu,host=a usage=0.5 1763784000123456789';
const apps: FastifyInstance[] = [];

async function open(options: Partial<WriteGatewayOptions> = {}, app = Fastify()) {
  const intake = new MemoryIntake(['http://a:8086', 'http://b:8086']);
  const meter = new GatewayMeter();
  await app.register(writeGateway, { intake, instance: 'me', meter, clock: new VirtualClock(), ...options });
  apps.push(app);
  const post = (url: string, payload: NonNullable<InjectOptions['payload']>, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, payload, headers });
  const outcomes = () => {
    const counts: Record<string, number> = {};
    meter.measure((_definition, { outcome }, value) => {
      if (outcome !== undefined && value !== 0) counts[outcome] = value as number;
    });
    return counts;
  };
  return { app, intake, post, outcomes };
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe('the write gateway', () => {
  it('answers 204 once the points are on disk, and carries the destination', async () => {
    const { intake, post, outcomes } = await open();
    const answers = [
      await post('/write?db=telemetry', LINE),
      await post('/write?db=telemetry&rp=week', LINE),
      await post('/api/v2/write?org=acme&bucket=telemetry', LINE),
      await post('/api/v2/write?orgID=0a1b&bucket=telemetry', LINE),
      await post('/api/v2/write?bucket=telemetry', LINE),
    ];
    expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual(Array(5).fill([204, '']));
    expect(intake.offers.map(({ destination }) => destination)).toEqual([
      { org: '', bucket: 'telemetry' },
      { org: '', bucket: 'telemetry/week' },
      { org: 'acme', bucket: 'telemetry' },
      { org: '0a1b', bucket: 'telemetry' },
      { org: '', bucket: 'telemetry' },
    ]);
    expect(intake.lines).toEqual(Array(5).fill(LINE));
    expect(outcomes()).toEqual({ accepted: 5 });
  });

  it('waits for the disk', async () => {
    const { intake, post } = await open();
    let written: (() => void) | undefined;
    intake.disk = () =>
      new Promise((resolve) => {
        written = resolve;
      });
    let answered = false;
    const answer = post('/write?db=t', LINE).then((response) => {
      answered = true;
      return response;
    });
    while (written === undefined) await settle();
    await settle();
    expect(answered).toBe(false);
    written?.();
    expect((await answer).statusCode).toBe(204);
  });

  it.each(['text/plain', 'application/json', 'application/x-www-form-urlencoded', 'nonsense', ';', undefined])(
    'takes bodies of the type %s',
    async (type) => {
      const { intake, post } = await open();
      const answer = await post('/write?db=t', Buffer.from(LINE), type === undefined ? {} : { 'content-type': type });
      expect(answer.statusCode).toBe(204);
      expect(intake.lines).toEqual([LINE]);
    },
  );

  it('takes gzip', async () => {
    const { intake, post } = await open();
    const halves = Buffer.concat([gzipSync(`${LINE}\n`), gzipSync(LINE)]);
    for (const encoding of ['gzip', ' GZIP ']) {
      expect((await post('/write?db=t', halves, { 'content-encoding': encoding })).statusCode).toBe(204);
    }
    expect(intake.lines).toEqual(Array(4).fill(LINE));
  });

  it.each([
    ['n', '1763784000123456789', '1763784000123456789'],
    ['ns', '1763784000123456789', '1763784000123456789'],
    ['u', '1763784000123456', '1763784000123456000'],
    ['ms', '1763784000123', '1763784000123000000'],
    ['s', '1763784000', '1763784000000000000'],
    ['m', '29396400', '1763784000000000000'],
    ['h', '489940', '1763784000000000000'],
  ])('reads timestamps in %s on 1.x', async (precision, given, stored) => {
    const { intake, post } = await open();
    expect((await post(`/write?db=t&precision=${precision}`, `m f=1 ${given}`)).statusCode).toBe(204);
    expect(intake.lines).toEqual([`m f=1 ${stored}`]);
  });

  it('stamps lines that have no timestamp, later in each request', async () => {
    const { intake, post } = await open();
    await post('/write?db=t', 'm f=1');
    await post('/api/v2/write?bucket=t', 'm f=2');
    expect(intake.lines).toEqual(['m f=1 1767225600000000000', 'm f=2 1767225600000000001']);
  });

  it('takes a body without points for what it is', async () => {
    const { intake, post, app, outcomes } = await open();
    expect((await post('/write?db=t', '')).statusCode).toBe(204);
    expect((await post('/write?db=t', '\n\n# a comment\n')).statusCode).toBe(204);
    expect((await app.inject({ method: 'POST', url: '/api/v2/write?bucket=t' })).statusCode).toBe(204);
    expect(intake.offers).toEqual([]);
    expect(outcomes()).toEqual({ empty: 3 });
  });

  it('names line and column of what is malformed, accepts nothing, and counts every line as refused', async () => {
    const { intake, post, outcomes } = await open();
    const one = await post('/write?db=t', `${LINE}\nm f=nonsense 1\n${LINE}\n`);
    expect(one.statusCode).toBe(400);
    expect(one.json()).toEqual({ error: expect.stringMatching(/^line 2, column \d+: /) });
    expect(one.headers['x-influxdb-error']).toBe(one.json().error);
    const two = await post('/api/v2/write?bucket=t', `${LINE}\n!`);
    expect(two.statusCode).toBe(400);
    expect(two.json()).toEqual({ code: 'invalid', message: expect.stringMatching(/^line 2, column \d+: /) });
    expect(intake.offers).toEqual([]);
    expect(intake.refused).toEqual(new Map([['malformed', 5]]));
    expect(outcomes()).toEqual({ malformed: 2 });
  });

  it.each([
    ['/write', 'the query must name the db: ?db=…'],
    ['/write?db=', 'the query must name the db: ?db=…'],
    ['/api/v2/write?org=a', 'the query must name the bucket: ?bucket=…'],
    ['/write?db=a/b', 'db must not hold a slash; the retention policy is rp'],
    ['/write?db=a&precision=d', 'precision must be one of n, ns, u, us, ms, s, m, h'],
    ['/api/v2/write?bucket=a&precision=u', 'precision must be one of ns, us, ms, s'],
    [`/write?db=${'a'.repeat(513)}`, 'db is longer than 512 characters'],
    ['/write?db=a&u=root&p=secret', 'u and p in the query would end in logs; use the header Authorization'],
    ['/api/v2/write?bucket=a&p=secret', 'u and p in the query would end in logs; use the header Authorization'],
  ])('refuses %s', async (url, message) => {
    const { intake, post } = await open();
    const answer = await post(url, LINE);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error ?? answer.json().message).toBe(message);
    expect(intake.offers).toEqual([]);
  });

  it('writes where it was told to when the request does not say', async () => {
    const { intake, post } = await open({ defaultDestination: { org: 'o', bucket: 'b' } });
    expect((await post('/write', LINE)).statusCode).toBe(204);
    expect((await post('/api/v2/write?org=x', LINE)).statusCode).toBe(204);
    expect(intake.offers.map(({ destination }) => destination)).toEqual(Array(2).fill({ org: 'o', bucket: 'b' }));
  });

  it('lets in who carries the token', async () => {
    const { intake, post, outcomes } = await open({ token: 's3cret:x' });
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
    const good = ['Token s3cret:x', 'Bearer s3cret:x', 'bearer  s3cret:x', basic('any:s3cret:x')];
    for (const authorization of good) expect((await post('/write?db=t', LINE, { authorization })).statusCode).toBe(204);
    const bad = ['', 'Token', 'Token s3cret', 'Digest s3cret:x', basic('s3cret:x'), basic('s3cret'), 's3cret:x'];
    for (const authorization of [...bad, `Token ${'x'.repeat(9_000)}`]) {
      const answer = await post('/write?db=t', LINE, { authorization });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Token, Bearer, Basic');
      expect(answer.body).not.toContain('s3cret');
    }
    expect((await post('/api/v2/write?bucket=t', LINE)).json().code).toBe('unauthorized');
    expect(intake.lines).toHaveLength(good.length);
    expect(outcomes()).toEqual({ accepted: good.length, unauthorized: bad.length + 2 });
  });

  it.each([
    ['log-full', 429, 'too many requests'],
    ['disk-full', 429, 'too many requests'],
    ['overloaded', 429, 'too many requests'],
    ['shutdown', 503, 'unavailable'],
    ['disk-failed', 503, 'unavailable'],
  ] as const)('answers %s with %d', async (reason, status, code) => {
    const { intake, post, app } = await open();
    intake.close(reason, 1_500);
    const answer = await post('/api/v2/write?bucket=t', LINE);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ code, message: `intake is closed: ${reason}` });
    expect(answer.headers['retry-after']).toBe('2');
    const health = await app.inject('/health');
    expect([health.statusCode, health.json()]).toEqual([
      503,
      { status: 'fail', message: `intake is closed: ${reason}` },
    ]);
  });

  it('answers ping and health', async () => {
    const why: string[] = [];
    const { app } = await open({ health: () => why, token: 't' });
    for (const method of ['GET', 'HEAD'] as const) {
      const ping = await app.inject({ method, url: '/ping' });
      expect([ping.statusCode, ping.body, ping.headers['x-influxdb-version']]).toEqual([204, '', '1.8.10-breakwater']);
    }
    expect((await app.inject('/health')).json()).toEqual({ status: 'pass' });
    why.push('draining', 'tired');
    const health = await app.inject('/health');
    expect([health.statusCode, health.json()]).toEqual([503, { status: 'fail', message: 'draining; tired' }]);
  });

  it('tells nothing of its own errors but that there was one', async () => {
    const { intake, post, outcomes } = await open();
    intake.disk = () => Promise.reject(new Error('/secret/path is broken'));
    const answer = await post('/write?db=t', LINE);
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { error: 'the points were not accepted: internal error' },
    ]);
    expect(outcomes()).toEqual({ failed: 1 });
  });

  it.each([
    [{ maxBodyBytes: 0 }, 'writeGateway: maxBodyBytes is 0'],
    [{ maxBodyBytes: 10, maxBytesUnderWay: 9 }, 'writeGateway: maxBytesUnderWay is 9'],
    [{ instance: '' }, 'writeGateway: instance is empty'],
    [{ token: '' }, 'writeGateway: token is empty'],
  ])('refuses options out of range: %j', async (options, message) => {
    await expect(open(options)).rejects.toThrow(ConfigError);
    await expect(open(options)).rejects.toThrow(message);
  });
});

describe('the limits of the write gateway', () => {
  const gzip = { 'content-encoding': 'gzip' };

  it('takes a body of the longest size, and none longer', async () => {
    const { intake, post, outcomes } = await open({ maxBodyBytes: LINE.length });
    expect((await post('/write?db=t', LINE)).statusCode).toBe(204);
    expect((await post('/write?db=t', gzipSync(LINE), gzip)).statusCode).toBe(413);
    const longer = await post('/api/v2/write?bucket=t', `${LINE}1`);
    expect([longer.statusCode, longer.json().code]).toEqual([413, 'request too large']);
    expect(intake.lines).toEqual([LINE]);
    expect(outcomes()).toEqual({ accepted: 1, 'too-large': 2 });
  });

  it('stops in the middle of a gzip bomb', async () => {
    const { intake, post } = await open({ maxBodyBytes: 100_000, maxBytesUnderWay: 200_000 });
    const bomb = gzipSync(Buffer.alloc(50_000_000, '\n'));
    expect(bomb.length).toBeLessThan(100_000);
    expect((await post('/write?db=t', bomb, gzip)).statusCode).toBe(413);
    expect(intake.offers).toEqual([]);
    expect((await post('/write?db=t', LINE)).statusCode).toBe(204);
  });

  it.each([
    ['cut', gzipSync(LINE.repeat(1_000)).subarray(0, -9)],
    ['cut in its header', gzipSync(LINE).subarray(0, 5)],
    ['with a wrong checksum', Buffer.concat([gzipSync(LINE).subarray(0, -8), Buffer.alloc(8)])],
    ['with something behind it', Buffer.concat([gzipSync(LINE), Buffer.from('garbage')])],
    ['with zeros behind it', Buffer.concat([gzipSync(LINE), Buffer.alloc(16)])],
    ['noise', randomBytes(100)],
    ['plain text', Buffer.from(LINE)],
  ])('refuses gzip that is %s', async (_what, body) => {
    const { intake, post } = await open();
    const answer = await post('/write?db=t', body, gzip);
    expect([answer.statusCode, answer.json()]).toEqual([400, { error: 'the body is broken gzip' }]);
    expect(intake.offers).toEqual([]);
  });

  it('knows no other encodings', async () => {
    const { post, outcomes } = await open();
    for (const encoding of ['deflate', 'br', 'zstd', 'gzip, gzip']) {
      expect((await post('/write?db=t', LINE, { 'content-encoding': encoding })).statusCode).toBe(415);
    }
    expect((await post('/write?db=t', LINE, { 'content-encoding': 'identity' })).statusCode).toBe(204);
    expect(outcomes()).toEqual({ unsupported: 4, accepted: 1 });
  });

  it('bounds the bodies under way together, and gives their room back', async () => {
    const { intake, post } = await open({ maxBodyBytes: 1_000, maxBytesUnderWay: 1_500 });
    const held: Array<() => void> = [];
    intake.disk = () => new Promise((resolve) => held.push(resolve));
    const first = post('/write?db=t', LINE);
    const second = post('/write?db=t', LINE);
    while (held.length < 2) await settle();
    const third = await post('/write?db=t', LINE);
    expect([third.statusCode, third.headers['retry-after']]).toEqual([429, '1']);
    for (const release of held) release();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([204, 204]);
    intake.disk = undefined;
    expect((await post('/write?db=t', LINE)).statusCode).toBe(204);
  });
});

describe('the write gateway takes hand-overs', () => {
  const from = (instance: string, lanes: string) => ({ 'breakwater-from': instance, 'breakwater-lanes': lanes });
  const A = encodeURIComponent('http://a:8086');

  it('for the lanes that are owed, and the destination as it was', async () => {
    const { intake, post } = await open({ defaultDestination: { org: 'o', bucket: 'b' } });
    expect((await post('/write?db=t', LINE, from('peer', A))).statusCode).toBe(204);
    expect((await post('/write', LINE, from('peer', `${A},${encodeURIComponent('http://b:8086')}`))).statusCode).toBe(
      204,
    );
    expect(intake.offers).toEqual([
      { lines: [LINE], destination: { org: '', bucket: 't' }, lanes: ['http://a:8086'] },
      { lines: [LINE], destination: { org: '', bucket: '' }, lanes: ['http://a:8086', 'http://b:8086'] },
    ]);
  });

  it('but not its own', async () => {
    const { intake, post } = await open();
    const answer = await post('/write?db=t', `${LINE}\n${LINE}\n`, from('me', A));
    expect([answer.statusCode, answer.json().error]).toEqual([
      421,
      'this is our own hand-over; send it to another process',
    ]);
    expect(intake.offers).toEqual([]);
    expect(intake.refused).toEqual(new Map([['own-handover', 2]]));
  });

  it('nor for lanes that it does not have', async () => {
    const { intake, post } = await open();
    const answer = await post('/write?db=t', LINE, from('peer', `${A},http%3A%2F%2Fc%3A8086`));
    expect([answer.statusCode, answer.json().error]).toEqual([409, 'this process has no lane to http://c:8086']);
    expect(intake.refused).toEqual(new Map([['unknown-lane', 1]]));
  });

  it.each([
    { 'breakwater-from': 'peer' },
    { 'breakwater-lanes': A },
    { 'breakwater-from': 'peer', 'breakwater-lanes': '' },
    { 'breakwater-from': 'peer', 'breakwater-lanes': `${A},` },
    { 'breakwater-from': 'peer', 'breakwater-lanes': '%zz' },
  ] as Array<Record<string, string>>)('nor half of one: %j', async (headers) => {
    const { intake, post } = await open();
    expect((await post('/write?db=t', LINE, headers)).statusCode).toBe(400);
    expect(intake.offers).toEqual([]);
  });

  it('nor without the token', async () => {
    const { post } = await open({ token: 't' });
    expect((await post('/write?db=t', LINE, from('peer', A))).statusCode).toBe(401);
  });
});
