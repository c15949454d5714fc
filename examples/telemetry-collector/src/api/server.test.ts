import { connect } from 'node:net';
import { GatewayMeter } from '@breakwater/delivery/gateway';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laneOf } from '../delivery/fake-spool.suite.js';
import { makeCollector } from '../flow/collector-rig.suite.js';
import { answersAfter, fails, hangs, probeOf, targetOf } from '../flow/rig.suite.js';
import { MemoryIntake } from '../sinks/delivery/memory-intake.suite.js';
import { Collections } from './collect.js';
import { Owners } from './owners.js';
import { createServer } from './server.js';

const TOKEN = 'a-token-of-some-length';

describe("the collector's server", () => {
  let rig: ReturnType<typeof makeCollector>;
  let app: FastifyInstance;
  let unready: string[];
  let errors: unknown[];
  let drains: number;

  let intake: MemoryIntake;
  const delivery = () => ({
    intake,
    destination: { org: '', bucket: 'telemetry' },
    maxBodyBytes: 2_000_000,
    instance: 'this-process',
    meter: new GatewayMeter(),
    laneMaxLagMs: 10_000,
    lanes: () => [laneOf('http://influx:8086')],
  });

  const start = (apiToken?: string, log: ReturnType<typeof delivery> | undefined = undefined) => {
    const owners = new Owners(rig.collector, undefined);
    app = createServer({
      delivery: log,
      fleet: undefined,
      share: undefined,
      owners,
      collector: rig.collector,
      collections: new Collections(rig.collector, owners),
      metrics: async () => 'telemetry_up 1\n',
      metricsType: 'text/plain; version=0.0.4; charset=utf-8',
      unready: () => unready,
      drain: () => {
        drains++;
        void rig.collector.drain(1_000);
      },
      apiToken,
      onError: (error) => errors.push(error),
    });
  };

  beforeEach(() => {
    unready = [];
    errors = [];
    drains = 0;
    intake = new MemoryIntake(['http://influx:8086']);
    rig = makeCollector({
      breaker: { failureThreshold: 1 },
      createProbe: ({ name }) => {
        if (name === 'dead') return probeOf(fails('refused', 'dead: nothing listens there'));
        return name === 'stuck' ? probeOf(hangs(rig.clock)) : probeOf(answersAfter(rig.clock, 0));
      },
    });
    rig.collector.apply({ added: ['web', 'db', 'dead'].map((name) => targetOf(name)), changed: [], removed: [] });
    start();
  });
  afterEach(() => app.close());

  type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  const ask = (
    method: Method,
    url: string,
    options: { body?: unknown; headers?: Record<string, string>; raw?: string } = {},
  ) =>
    app.inject({
      method,
      url,
      headers: { host: 'localhost:8080', ...options.headers },
      ...(options.body !== undefined && { payload: options.body as object }),
      ...(options.raw !== undefined && { payload: options.raw }),
    });
  /** Collects, with the virtual time that the probes need. */
  const collect = async (body?: unknown) => {
    const asking = ask('POST', '/collect', { body });
    for (let turn = 0; turn < 20; turn++) await rig.clock.advance(0);
    return asking;
  };
  const problem = (answer: { statusCode: number; json(): { error: { reason: string; message: string } } }) => ({
    status: answer.statusCode,
    ...answer.json().error,
  });

  describe('says how it is', () => {
    it('live as long as it answers', async () => {
      unready = ['the sink fails'];
      expect((await ask('GET', '/health/live')).json()).toEqual({ status: 'live' });
    });

    it('ready, or why not', async () => {
      expect((await ask('GET', '/health/ready')).json()).toEqual({ status: 'ready' });
      unready = ['the sink fails: no space left', 'no targets are loaded'];
      expect(problem(await ask('GET', '/health/ready'))).toEqual({
        status: 503,
        reason: 'not-ready',
        message: 'the sink fails: no space left; no targets are loaded',
      });
    });

    it('metrics, as Prometheus reads them', async () => {
      const answer = await ask('GET', '/metrics');
      expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(answer.body).toBe('telemetry_up 1\n');
    });

    it('every target', async () => {
      await collect({ targets: ['web', 'dead'] });
      const { total, draining, targets } = (await ask('GET', '/targets')).json();
      expect([total, draining]).toEqual([3, false]);
      expect(targets.map(({ name, state, circuit }: Record<string, string>) => [name, state, circuit])).toEqual([
        ['web', 'up', 'closed'],
        ['db', 'waiting', 'closed'],
        ['dead', 'open', 'open'],
      ]);
      expect(targets[2].last.error).toEqual({ code: 'refused', message: 'dead: nothing listens there' });
    });

    it('five thousand targets as well', async () => {
      const added = Array.from({ length: 5_000 }, (_, index) => targetOf(`target-${index}`));
      rig.collector.apply({ added, changed: [], removed: [] });
      const answer = (await ask('GET', '/targets')).json();
      expect(answer.targets).toHaveLength(5_003);
    });
  });

  describe('collects by hand', () => {
    it('all targets', async () => {
      const answer = await collect();
      expect(answer.statusCode).toBe(200);
      expect(answer.json().outcomes).toEqual({ up: 2, down: 1 });
      expect(answer.json().targets).toEqual([
        { name: 'web', outcome: 'up', durationMs: 0, readings: 1, error: null },
        { name: 'db', outcome: 'up', durationMs: 0, readings: 1, error: null },
        {
          name: 'dead',
          outcome: 'down',
          durationMs: 0,
          readings: 0,
          error: { code: 'refused', message: 'dead: nothing listens there' },
        },
      ]);
    });

    it('named ones, each once', async () => {
      const { targets } = (await collect({ targets: ['web', 'db', 'web'] })).json();
      expect(targets.map(({ name }: { name: string }) => name)).toEqual(['db', 'web']);
    });

    it('the same for all who ask at once: a hundred callers, one turn for each target', async () => {
      const asking = Array.from({ length: 100 }, () => ask('POST', '/collect'));
      for (let turn = 0; turn < 50; turn++) await rig.clock.advance(0);
      const answers = await Promise.all(asking);
      expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
      expect(rig.account.count('up')).toBe(2);
    });

    it('few different wishes at once: more are turned away for now', async () => {
      const added = Array.from({ length: 30 }, (_, index) => targetOf(`other-${index}`));
      rig.collector.apply({ added: [...added, targetOf('stuck')], changed: [], removed: [] });
      const asking = added.map(({ name }) => ask('POST', '/collect', { body: { targets: ['stuck', name] } }));
      const settled: number[] = [];
      for (const each of asking) void each.then(({ statusCode }) => settled.push(statusCode));
      for (let turn = 0; turn < 50; turn++) await rig.clock.advance(0);
      expect(settled).toEqual(Array.from({ length: 30 - 2 - 16 }, () => 429));
      for (let turn = 0; turn < 50; turn++) await rig.clock.advance(5_000);
      const answers = await Promise.all(asking);
      const refused = answers.find(({ statusCode }) => statusCode === 429)!;
      expect(refused.headers['retry-after']).toBe('1');
      expect(problem(refused).reason).toBe('too-many-requests');
    });

    it.each([
      [{ targets: [] }, 'targets'],
      [{ targets: 'web' }, 'targets'],
      [{ targets: [1] }, 'targets.0'],
      [{ target: ['web'] }, 'the body'],
      [['web'], 'the body'],
    ])('nothing for the body %j', async (body, path) => {
      const answer = problem(await ask('POST', '/collect', { body }));
      expect(answer).toMatchObject({ status: 400, reason: 'bad-request' });
      expect(answer.message).toContain(path);
    });

    it('nothing when a name is unknown, and says which', async () => {
      const answer = await ask('POST', '/collect', { body: { targets: ['web', 'wbe', 'bd'] } });
      expect(problem(answer)).toMatchObject({ status: 404, reason: 'unknown-target' });
      expect(problem(answer).message).toContain('"wbe", "bd"');
      expect(rig.account.count('up')).toBe(0);
    });

    it('names twenty unknown targets at most', async () => {
      const targets = Array.from({ length: 2_000 }, (_, index) => `unknown-${index}`);
      expect(problem(await ask('POST', '/collect', { body: { targets } })).message).toContain('and 1980 more');
    });
  });

  it('closes a circuit by hand', async () => {
    await collect({ targets: ['dead'] });
    expect(rig.breaker.state('dead')).toBe('open');
    expect((await ask('POST', '/breakers/dead/reset')).json()).toEqual({ target: 'dead', circuit: 'closed' });
    expect(rig.breaker.state('dead')).toBe('closed');
    expect(problem(await ask('POST', '/breakers/nobody/reset'))).toMatchObject({
      status: 404,
      reason: 'unknown-target',
    });
  });

  it('drains: it is not ready, takes nothing more, and goes on answering', async () => {
    const answer = await ask('POST', '/drain');
    expect([answer.statusCode, answer.json()]).toEqual([202, { draining: true, underWay: 0 }]);
    unready = ['it drains'];
    expect(problem(await ask('GET', '/health/ready'))).toMatchObject({ status: 503, reason: 'draining' });
    expect(problem(await ask('POST', '/collect'))).toMatchObject({ status: 503, reason: 'draining' });
    expect((await ask('GET', '/targets')).json().draining).toBe(true);
    expect(drains).toBe(1);
  });

  describe('refuses in JSON, with a reason', () => {
    it('paths that there are not', async () => {
      expect(problem(await ask('GET', '/nothing'))).toMatchObject({ status: 404, reason: 'not-found' });
      expect(problem(await ask('GET', '/collect/'))).toMatchObject({ status: 404, reason: 'not-found' });
      expect(problem(await ask('GET', '/%'))).toMatchObject({ status: 400, reason: 'bad-request' });
    });

    it.each([
      ['GET', '/collect', 'POST'],
      ['PUT', '/collect', 'POST'],
      ['POST', '/targets', 'GET, HEAD'],
      ['DELETE', '/metrics', 'GET, HEAD'],
      ['GET', '/breakers/web/reset', 'POST'],
      ['OPTIONS', '/drain', 'POST'],
    ] as const)('%s %s, with what is allowed', async (method, url, allow) => {
      const answer = await ask(method, url);
      expect(problem(answer)).toMatchObject({ status: 405, reason: 'method-not-allowed' });
      expect(answer.headers['allow']).toBe(allow);
    });

    it('a body that is too large', async () => {
      const answer = await ask('POST', '/collect', { body: { targets: ['x'.repeat(65_536)] } });
      expect(problem(answer)).toMatchObject({ status: 413, reason: 'too-large' });
    });

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
      'a body of type %s',
      async (type) => {
        const answer = await ask('POST', '/collect', { raw: 'targets=web', headers: { 'content-type': type } });
        expect(problem(answer)).toMatchObject({ status: 415, reason: 'unsupported-media-type' });
      },
    );

    it.each(['{"targets":["web"]', 'nonsense', '{"__proto__":{"x":1}}'])('the body %s', async (raw) => {
      const answer = await ask('POST', '/collect', { raw, headers: { 'content-type': 'application/json' } });
      expect(problem(answer)).toMatchObject({ status: 400, reason: 'bad-request' });
    });

    it('what it cannot serve through a fault of its own, without telling more than that', async () => {
      rig.collector.status = () => {
        throw new Error('a secret of ours');
      };
      const answer = await ask('GET', '/targets');
      expect(problem(answer)).toMatchObject({ status: 500, reason: 'internal' });
      expect(answer.body).not.toContain('secret');
      expect(errors).toMatchObject([{ message: 'a secret of ours' }]);
    });

    it('what is no HTTP request', async () => {
      const address = await app.listen({ host: '127.0.0.1', port: 0 });
      const socket = connect(Number(new URL(address).port), '127.0.0.1');
      socket.end('NONSENSE\r\n\r\n');
      let text = '';
      for await (const chunk of socket) text += chunk;
      expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { reason: 'bad-request' } });
    });
  });

  it('sends headers that keep browsers from making anything of its answers', async () => {
    for (const url of ['/targets', '/nothing']) {
      expect((await ask('GET', url)).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      });
    }
  });

  describe('takes writes', () => {
    const LINE = 'cpu,core=1 used=0.5 1763784000000000001';
    const write = (path: string, headers: Record<string, string> = {}, raw = LINE) =>
      ask('POST', path, { raw, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } });
    const restart = async (apiToken?: string) => {
      await app.close();
      start(apiToken, delivery());
    };

    it.each(['/write', '/write?db=other', '/api/v2/write?bucket=other'])(
      'at %s, on disk before it answers',
      async (path) => {
        await restart();
        const answer = await write(path);
        expect([answer.statusCode, answer.body]).toEqual([204, '']);
        expect(intake.stored).toEqual([LINE]);
        const bucket = path.includes('other') ? 'other' : 'telemetry';
        expect(intake.offers[0]!.destination).toMatchObject({ bucket });
      },
    );

    it('longer than any other body may be', async () => {
      await restart();
      const lines = Array.from({ length: 10_000 }, (_, index) => `cpu,core=${index} used=0.5 ${1763784000000000000n}`);
      expect((await write('/write', {}, lines.join('\n'))).statusCode).toBe(204);
      expect(intake.stored).toEqual(lines);
    });

    it('and says what is wrong with them in the words of that API', async () => {
      await restart();
      const answer = await write('/write', {}, 'cpu used= 1');
      expect(answer.statusCode).toBe(400);
      expect(answer.json().error).toMatch(/^line 1, column /);
    });

    it('in every way in which clients send the token, and in no other', async () => {
      await restart(TOKEN);
      expect((await write('/write')).statusCode).toBe(401);
      expect((await write('/write', { authorization: 'Token wrong-but-as-long-as-it' })).statusCode).toBe(401);
      const basic = Buffer.from(`writer:${TOKEN}`).toString('base64');
      for (const authorization of [`Bearer ${TOKEN}`, `Token ${TOKEN}`, `Basic ${basic}`]) {
        expect((await write('/write', { authorization, host: 'collector.test' })).statusCode).toBe(204);
      }
      expect(intake.offers).toHaveLength(3);
    });

    it('from this machine alone where there is no token, and from no web page', async () => {
      await restart();
      expect((await write('/write', { host: 'evil.example' })).statusCode).toBe(403);
      expect((await write('/write', { origin: 'https://evil.example' })).statusCode).toBe(403);
      expect(intake.offers).toEqual([]);
    });

    it('until it drains: then they are to go to another process', async () => {
      await restart();
      await ask('POST', '/drain');
      const answer = await write('/write');
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json()).toEqual({ error: 'the collector is draining and takes no more writes' });
      expect(intake.offers).toEqual([]);
    });

    it('and is told of its own hand-over that came back while it drains, which is not to wait before it is sent elsewhere', async () => {
      await restart(TOKEN);
      await ask('POST', '/drain', { headers: { authorization: `Bearer ${TOKEN}` } });
      const lanes = encodeURIComponent('http://influx:8086');
      const handOver = (instance: string, authorization = `Token ${TOKEN}`) =>
        write('/write', { 'breakwater-from': instance, 'breakwater-lanes': lanes, authorization });
      const own = await handOver('this-process');
      expect([own.statusCode, own.headers['retry-after']]).toEqual([421, undefined]);
      expect((await handOver('this-process', 'Token wrong')).statusCode).toBe(401);
      expect((await handOver('a-peer')).statusCode).toBe(503);
      expect(intake.offers).toEqual([]);
    });

    it('and tells clients of its API', async () => {
      await restart();
      expect((await ask('GET', '/ping')).statusCode).toBe(204);
      expect((await ask('GET', '/health')).json()).toEqual({ status: 'pass' });
      intake.close('disk-full');
      expect((await ask('GET', '/health')).statusCode).toBe(503);
    });

    it.each(['/write', '/api/v2/write'])('not where there is no log: %s says why', async (path) => {
      const answer = await ask('POST', path);
      expect(problem(answer)).toMatchObject({ status: 404, reason: 'not-found' });
      expect(problem(answer).message).toContain('set INFLUX_URLS');
    });
  });

  it('says how its lanes are', async () => {
    await app.close();
    start(TOKEN, delivery());
    const answer = await ask('GET', '/health/lanes/influx:8086');
    expect([answer.statusCode, answer.json().caughtUp]).toEqual([200, true]);
  });

  describe('without a token', () => {
    it('serves nobody who came by a foreign name', async () => {
      const answer = await ask('GET', '/targets', { headers: { host: 'evil.example' } });
      expect(problem(answer)).toMatchObject({ status: 403, reason: 'forbidden' });
    });

    it('changes nothing for a page of another origin', async () => {
      const answer = await ask('POST', '/drain', { headers: { origin: 'https://evil.example' } });
      expect(problem(answer)).toMatchObject({ status: 403, reason: 'forbidden' });
      expect(drains).toBe(0);
    });
  });

  describe('with a token', () => {
    beforeEach(async () => {
      await app.close();
      start(TOKEN);
    });

    it.each(['/collect', '/drain', '/breakers/web/reset'])('changes nothing at %s without it', async (url) => {
      const answer = await ask('POST', url);
      expect(problem(answer)).toMatchObject({ status: 401, reason: 'unauthorized' });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(problem(await ask('POST', url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
      expect([drains, rig.account.count('up')]).toEqual([0, 0]);
    });

    it('reads no body before the token was checked', async () => {
      const answer = await ask('POST', '/collect', { body: { targets: ['x'.repeat(70_000)] } });
      expect(answer.statusCode).toBe(401);
    });

    it('does what who carries it asks', async () => {
      const answer = await ask('POST', '/drain', { headers: { authorization: `Bearer ${TOKEN}` } });
      expect(answer.statusCode).toBe(202);
    });

    it('lets anybody read, by whatever name', async () => {
      const answer = await ask('GET', '/targets', { headers: { host: 'collector.example' } });
      expect(answer.statusCode).toBe(200);
    });
  });
});
