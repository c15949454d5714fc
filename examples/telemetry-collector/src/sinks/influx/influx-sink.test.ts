import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConfigError, type MetricDefinition, RESILIENCE_CHANNEL, type ResilienceEvent } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextOf, describeSink, errorOf, linesBy, metricsOf, someLines } from '../sink.suite.js';
import { FakeInflux, json } from './fake-influx.suite.js';
import { InfluxSink, type InfluxSinkOptions } from './influx-sink.js';

const bad = (number: number): string => `cpu,core=bad value=x${number} ${number}`;

describe.each(['1.6', '2.x'] as const)('an InfluxDB of version %s', (version) => {
  describeSink('it', async () => {
    const server = await FakeInflux.start(version);
    const options = { address: server.address, org: 'o', bucket: 'b', token: '' };
    const sink = new InfluxSink({ ...options, maxAttempts: 1, failureThreshold: 100 });
    return {
      sink,
      stored: async () => [...server.stored],
      damage: () => {
        server.behaviour = json(500, { error: 'engine: disk on fire' });
      },
      mend: () => {
        server.behaviour = 'take';
      },
      dispose: async () => {
        await sink.close();
        await server.stop();
      },
    };
  });
});

describe('the InfluxDB sink', () => {
  let server: FakeInflux;
  let clock: VirtualClock;
  let notices: string[];
  let opened: InfluxSink[];

  const open = (options: Partial<InfluxSinkOptions> = {}): InfluxSink => {
    const onNotice = (notice: string) => notices.push(notice);
    const target = { address: server.address, org: 'harbour', bucket: 'telemetry', token: 's3cret' };
    const sink = new InfluxSink({ ...target, clock, random: () => 0.5, onNotice, ...options });
    opened.push(sink);
    return sink;
  };
  const restart = async (version: FakeInflux['version']): Promise<void> => {
    await server.stop();
    server = await FakeInflux.start(version);
  };
  /** Lets each wait before a retry pass as soon as it begins. */
  const passing = async <T>(promise: Promise<T>): Promise<T> => {
    const onEvent = (event: unknown) => {
      const { type, delayMs } = event as Extract<ResilienceEvent, { type: 'retry' }>;
      if (type === 'retry') setImmediate(() => void clock.advance(delayMs));
    };
    subscribe(RESILIENCE_CHANNEL, onEvent);
    try {
      return await promise;
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, onEvent);
    }
  };

  beforeEach(async () => {
    server = await FakeInflux.start('2.x');
    clock = new VirtualClock();
    notices = [];
    opened = [];
  });
  afterEach(async () => {
    await server.stop();
    await Promise.all(opened.map((sink) => sink.close()));
  });

  it('speaks 2.x: organisation, bucket and token, and no precision', async () => {
    await open().write(someLines(1), contextOf());
    const { url, headers } = server.requests[0]!;
    expect(url).toBe('/api/v2/write?org=harbour&bucket=telemetry');
    expect(headers).toMatchObject({ authorization: 'Token s3cret', 'content-type': 'text/plain; charset=utf-8' });
  });

  it('finds out that a server speaks 1.x, once, and then has database, retention policy and Basic', async () => {
    await restart('1.6');
    const sink = open({ bucket: 'telemetry/two weeks', token: 'writer:pa:ss' });
    await sink.write(someLines(1), contextOf());
    await sink.write(someLines(1, 1), contextOf());
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/api/v2/write?org=harbour&bucket=telemetry%2Ftwo+weeks',
      '/write?db=telemetry&rp=two+weeks',
      '/write?db=telemetry&rp=two+weeks',
    ]);
    expect(server.requests[2]?.headers.authorization).toBe(`Basic ${Buffer.from('writer:pa:ss').toString('base64')}`);
    expect(server.stored).toEqual(someLines(2));
  });

  it('notices when the server behind an address was replaced by one of the other dialect', async () => {
    let version: '1.6' | '2.x' = '1.6';
    const isHere = (url: string) => url.startsWith(version === '1.6' ? '/write' : '/api/v2/write');
    server.behaviour = ({ url }) =>
      isHere(url)
        ? { status: 204 }
        : { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
    const sink = open();
    for (const next of ['1.6', '2.x', '1.6'] as const) {
      version = next;
      await sink.write(someLines(1), contextOf());
    }
    expect(linesBy(sink)).toMatchObject({ written: 3, lost: 0 });
  });

  it('says that nobody there takes lines', async () => {
    server.behaviour = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
    const error = await errorOf(open().write(someLines(2), contextOf()));
    expect(error.reason).toBe('not-found');
    expect(error.message).toMatch(/neither \/api\/v2\/write nor \/write is there: 404 404 page not found$/);
  });

  it('compresses what is worth it', async () => {
    const sink = open();
    await sink.write(someLines(1), contextOf());
    await sink.write(someLines(50, 1), contextOf());
    expect(server.requests.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip']);
    expect(server.stored).toEqual(someLines(51));
  });

  it('cuts what is long into requests, in order', async () => {
    await open({ maxBatchLines: 40 }).write(someLines(100), contextOf());
    expect(server.requests.map(({ lines }) => lines.length)).toEqual([40, 40, 20]);
    expect(server.stored).toEqual(someLines(100));
  });

  describe.each(['1.6', '2.x'] as const)('when %s refuses lines', (version) => {
    beforeEach(() => restart(version));

    it('finds them, stores all others, and counts them with the words of the server', async () => {
      const lines = someLines(100);
      for (const place of [0, 41, 42, 99]) lines[place] = bad(place);
      const sink = open();
      await sink.write(lines, contextOf());
      expect(new Set(server.stored)).toEqual(new Set(lines.filter((line) => !line.includes('bad'))));
      expect(linesBy(sink)).toEqual({ written: 96, refused: 4, lost: 0, pending: 0 });
      expect(metricsOf(sink).get(`telemetry_sink_lines_total ${sink.name} refused bad-line`)).toBe(4);
      expect(notices).toEqual([
        expect.stringMatching(/^http:\S+ refused 4 of 100 lines: 400 .*unable to parse 'cpu,core=bad value=x0 0'/),
      ]);
    });

    it('stops searching when nearly all are bad, and accounts for those too', async () => {
      const lines = Array.from({ length: 1000 }, (_, index) => bad(index));
      const sink = open();
      await sink.write(lines, contextOf());
      expect(server.requests.length).toBeLessThan(80);
      const { refused } = linesBy(sink);
      expect(refused).toBe(1000);
      expect(metricsOf(sink).get(`telemetry_sink_lines_total ${sink.name} refused not-searched`)).toBeGreaterThan(900);
    });

    it('does not take that for a failure of the server', async () => {
      const sink = open({ failureThreshold: 1 });
      for (let turn = 0; turn < 3; turn++) await sink.write([bad(turn), ...someLines(1, turn)], contextOf());
      expect(linesBy(sink)).toMatchObject({ written: 3, refused: 3, lost: 0 });
    });
  });

  it('halves what is too large, remembers that, and refuses a line that is too large alone', async () => {
    server.maxBytes = 600;
    const lines = someLines(20);
    lines[7] = `log text="${'x'.repeat(700)}" 7`;
    const sink = open();
    await sink.write(lines, contextOf());
    expect(new Set(server.stored)).toEqual(new Set(lines.filter((_, index) => index !== 7)));
    expect(metricsOf(sink).get(`telemetry_sink_lines_total ${sink.name} refused too-large`)).toBe(1);
    server.requests.length = 0;
    await sink.write(someLines(20, 100), contextOf());
    expect(server.requests.every(({ bytes }) => bytes <= 600)).toBe(true);
    expect(notices[0]).toMatch(/finds \d+ bytes too large: it gets \d+ at once from now on$/);
  });

  it.each([
    [
      401,
      { code: 'unauthorized', message: 'unauthorized access' },
      'auth',
      'the backend refused the token (401, 403): 401 unauthorized access',
    ],
    [403, { error: 'forbidden' }, 'auth', 'the backend refused the token (401, 403): 403 forbidden'],
    [
      404,
      { error: 'database not found: "telemetry"' },
      'not-found',
      'organisation (404): 404 database not found: "telemetry"',
    ],
    [
      400,
      { code: 'invalid', message: 'Please provide either orgID or org' },
      'not-found',
      '400 Please provide either orgID or org',
    ],
    [301, {}, 'unexpected-answer', 'no InfluxDB does: 301 {}'],
  ])('does not try a %i again, and names it', async (status, body, reason, words) => {
    server.behaviour = json(status, body);
    const error = await errorOf(open({ failureThreshold: 1 }).write(someLines(3), contextOf()));
    expect(error).toMatchObject({ reason, lines: 3 });
    expect(error.message).toContain(words);
    expect(server.requests).toHaveLength(1);
  });

  it('does not believe a page of HTML that says 200', async () => {
    server.behaviour = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' };
    expect((await errorOf(open().write(someLines(1), contextOf()))).reason).toBe('unexpected-answer');
  });

  it.each([429, 503, 500, 408])('tries a %i again', async (status) => {
    server.behaviour = (seen) => (server.requests.indexOf(seen) < 2 ? { status } : 'take');
    const sink = open();
    await passing(sink.write(someLines(2), contextOf()));
    expect(server.requests).toHaveLength(3);
    expect(linesBy(sink)).toMatchObject({ written: 2, lost: 0 });
  });

  it('tries a broken connection again', async () => {
    server.behaviour = (seen) => (server.requests.indexOf(seen) < 2 ? 'reset' : 'take');
    await passing(open().write(someLines(2), contextOf()));
    expect(server.stored).toEqual(someLines(2));
  });

  it.each([
    ['overloaded', { status: 503, body: '{"error":"request throttled, queue full"}' } as const, 'queue full'],
    ['server-error', { status: 500 } as const, '500'],
    ['network', 'reset' as const, 'lost'],
  ])('counts lines as lost when they go on failing: %s', async (reason, behaviour, words) => {
    server.behaviour = behaviour;
    const sink = open();
    const error = await passing(errorOf(sink.write(someLines(4), contextOf())));
    expect(error).toMatchObject({ reason, lines: 4 });
    expect(error.message).toContain(words);
    expect(server.requests.length).toBeGreaterThanOrEqual(3);
    expect(metricsOf(sink).get(`telemetry_sink_lines_total ${sink.name} lost ${reason}`)).toBe(4);
  });

  it('waits as long as the server asks', async () => {
    server.behaviour = (seen) =>
      server.requests.indexOf(seen) === 0 ? { status: 429, headers: { 'retry-after': '7' } } : 'take';
    const before = clock.now();
    await passing(open().write(someLines(1), contextOf()));
    expect(clock.now() - before).toBeGreaterThanOrEqual(7_000);
    expect(clock.now() - before).toBeLessThan(8_000);
  });

  it('counts what was stored before the server went away, and what was not', async () => {
    server.behaviour = (seen) => (server.requests.indexOf(seen) === 0 ? 'take' : json(401, {}));
    const sink = open({ maxBatchLines: 10 });
    const error = await errorOf(sink.write(someLines(35), contextOf()));
    expect(error.lines).toBe(25);
    expect(linesBy(sink)).toEqual({ written: 10, refused: 0, lost: 25, pending: 0 });
  });

  it('leaves a server alone that failed too often, and comes back to it', async () => {
    server.behaviour = { status: 500 };
    const sink = open({ failureThreshold: 2, maxAttempts: 1 });
    for (let turn = 0; turn < 2; turn++) await errorOf(sink.write(someLines(1), contextOf()));
    const { reason } = await errorOf(sink.write(someLines(1), contextOf()));
    expect(reason).toBe('circuit-open');
    expect(server.requests).toHaveLength(2);
    server.behaviour = 'take';
    await clock.advance(11_000);
    await sink.write(someLines(1), contextOf());
    expect(linesBy(sink)).toMatchObject({ written: 1, lost: 3 });
  });

  it('ends in time when the server hangs: at its own limit, at the deadline, when the caller leaves', async () => {
    server.behaviour = 'hang';
    const sink = open({ maxAttempts: 1, timeoutMs: 3_000 });
    const limited = errorOf(sink.write(someLines(1), contextOf()));
    const leaving = new AbortController();
    const left = errorOf(sink.write(someLines(1), contextOf({ signal: leaving.signal })));
    const late = errorOf(sink.write(someLines(1), contextOf({ deadline: clock.now() + 1_000 })));
    await server.saw(3);
    leaving.abort();
    expect((await left).reason).toBe('aborted');
    await clock.advance(1_000);
    expect((await late).reason).toBe('timeout');
    await clock.advance(2_000);
    expect((await limited).reason).toBe('timeout');
    expect(linesBy(sink)).toEqual({ written: 0, refused: 0, lost: 3, pending: 0 });
  });

  it('loses what comes on top of what may wait', async () => {
    server.behaviour = 'hang';
    const sink = open({ maxPendingLines: 3 });
    const leaving = new AbortController();
    const first = errorOf(sink.write(someLines(3), contextOf({ signal: leaving.signal })));
    expect((await errorOf(sink.write(someLines(1), contextOf()))).reason).toBe('queue-full');
    leaving.abort();
    await first;
    server.behaviour = 'take';
    await sink.write(someLines(3), contextOf());
  });

  it('never shows its token', async () => {
    server.behaviour = json(401, { message: 'no such token: s3cret\r\n\u001b[31m, really' });
    const sink = open();
    const error = await errorOf(sink.write(someLines(1), contextOf()));
    expect(error.message).toContain('401 no such token: [secret] [31m, really');
    expect(JSON.stringify([error, [...metricsOf(sink)], notices])).not.toContain('s3cret');
    expect(String(error.stack)).not.toContain('s3cret');
  });

  it('hears a talkative server out no further than it must', async () => {
    server.behaviour = 'babble';
    expect((await errorOf(open().write(someLines(1), contextOf()))).message.length).toBeLessThan(400);
  });

  it('has the metrics of its policies and its pool', async () => {
    const sink = open();
    await sink.write(someLines(1), contextOf());
    const names = new Set<string>();
    sink.measure(({ name }: MetricDefinition) => names.add(name));
    for (const prefix of ['retry_', 'circuit_breaker_', 'timeout_', 'connection_pool_', 'telemetry_sink_']) {
      expect([...names].some((name) => name.startsWith(prefix))).toBe(true);
    }
  });

  it('needs a bucket', () => {
    expect(() => open({ bucket: '' })).toThrow(ConfigError);
  });
});
