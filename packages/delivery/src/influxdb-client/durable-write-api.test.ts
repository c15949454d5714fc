import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { ConfigError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import {
  InfluxDB,
  Point,
  type WriteApi,
  type WriteOptions,
  type WritePrecisionType,
} from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { IntakeError } from '../intake/intake.js';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { LineError, normalizeLines, type Precision } from '../lines/normalize.js';
import { durableWriteApi } from './durable-write-api.js';
import type { DurableWriteOptions } from './options.js';

/** What the original sends. */
let bodies: Array<{ url: string; text: string }> = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    bodies.push({ url: request.url!, text });
    response.writeHead(204).end();
  });
  // A connection of the original would be closed after 5 s of other tests, in the instant in which it is used again.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  bodies = [];
});

const NOW_NS = 1_767_225_600_000_000_000n;

function open(options: Partial<DurableWriteOptions> = {}) {
  const intake = new MemoryIntake();
  const clock = new VirtualClock();
  const api = durableWriteApi({ spool: { intake }, org: 'o', bucket: 'b', clock, random: () => 0.5, ...options });
  return { intake, clock, api };
}

/** The same calls into the original and ours: the lines that arrive, those of the original with their time in ns. */
async function sideBySide(
  calls: (api: WriteApi) => void,
  precision: WritePrecisionType = 'ns',
  writeOptions: Partial<WriteOptions> = {},
) {
  const original = new InfluxDB({ url }).getWriteApi('o', 'b', precision, { ...writeOptions, maxRetries: 0 });
  const { api, intake } = open({ precision, writeOptions });
  // One instant for both, so that points without a time are the same.
  vi.useFakeTimers({ toFake: ['Date', 'hrtime'], now: 1_763_784_000_123 });
  try {
    calls(original);
    calls(api);
  } finally {
    vi.useRealTimers();
  }
  expect(api.path).toBe(original.path);
  await original.close();
  await api.close();
  const theirs = bodies.flatMap(({ text }) => linesOf(text, precision));
  return { theirs, ours: intake.lines };
}

const linesOf = (text: string, precision: Precision): string[] =>
  normalizeLines(Buffer.from(text), { precision, nowNs: NOW_NS }).flatMap(({ body }) =>
    body.toString().split('\n').slice(0, -1),
  );

const sample = () => new Point('m').tag('t', 'a b').floatField('f', 0.5);

describe('durableWriteApi, beside the original', () => {
  const cases: Array<[string, (api: WriteApi) => unknown]> = [
    ['writePoint', (api) => api.writePoint(sample().timestamp('1763784001'))],
    ['writePoint with a number', (api) => api.writePoint(sample().timestamp(1_763_784_000.9))],
    ['writePoint with a Date', (api) => api.writePoint(sample().timestamp(new Date(1_763_784_000_123)))],
    ['writePoint with a bigint', (api) => api.writePoint(sample().timestamp(1_763_784_000n as unknown as string))],
    ['writePoint at once', (api) => api.writePoint(sample())],
    ['writePoint without a time', (api) => api.writePoint(sample().timestamp(''))],
    ['writePoint without fields', (api) => api.writePoint(new Point('m').tag('t', 'x'))],
    ['writePoint without a name', (api) => api.writePoint(new Point().intField('i', 1))],
    [
      'writePoint with every type',
      (api) =>
        api.writePoint(
          new Point('m m,=')
            .tag('k k', 'v,v')
            .booleanField('b', true)
            .intField('i', '9007199254740991')
            .stringField('s', 'say "hi" \\ ä\u{1f4a1}')
            .floatField('z', 1e300)
            .timestamp('1763784000'),
        ),
    ],
    [
      'writePoints',
      (api) => api.writePoints([1, 2, 3].map((value) => new Point('m').intField('i', value).timestamp(value))),
    ],
    ['writePoints with an ArrayLike', (api) => api.writePoints({ length: 1, 0: sample().timestamp(1) })],
    ['writeRecord', (api) => api.writeRecord('m,t=x f=1 1763784000')],
    ['writeRecord without a time', (api) => api.writeRecord('m,t=x f=1')],
    ['writeRecord of two lines', (api) => api.writeRecord('m f=1 1\nm f=2 2')],
    ['writeRecords', (api) => api.writeRecords(['m f=1 1', 'm f="a b" 2'])],
    [
      'useDefaultTags',
      (api) => {
        expect(api.useDefaultTags({ t: 'default', other: 'o' })).toBe(api);
        api.writePoint(sample().timestamp('1'));
        api.writeRecord('m f=1 1');
        api.useDefaultTags({});
        api.writePoint(sample().timestamp('2'));
      },
    ],
  ];
  const precisions: WritePrecisionType[] = ['ns', 'us', 'ms', 's'];
  it.each(cases.flatMap(([what, calls]) => precisions.map((precision) => [what, precision, calls] as const)))(
    'brings the same lines: %s in %s',
    async (_what, precision, calls) => {
      const { theirs, ours } = await sideBySide(calls, precision);
      // What nobody gave a time has the instant of whoever stamps it.
      const untimed = (lines: string[]) =>
        _what.includes('without a time') ? lines.map((l) => l.replace(/ \d+$/, '')) : lines;
      expect(untimed(ours)).toEqual(untimed(theirs));
    },
  );

  it('takes the same options', async () => {
    const options = { defaultTags: { host: 'a' }, consistency: 'quorum' as const, batchSize: 2, headers: { x: 'y' } };
    const { theirs, ours } = await sideBySide(
      (api) => {
        for (let value = 0; value < 5; value++) api.writePoint(new Point('m').intField('i', value).timestamp(value));
      },
      's',
      options,
    );
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(5);
    expect(ours[0]).toBe('m,host=a i=0i 0');
  });

  it('brings the same lines of any points', async () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !text.includes('\\') && !text.startsWith('#'));
    const point = fc.record({
      name,
      tags: fc.dictionary(
        name,
        fc.string().filter((text) => !text.endsWith('\\')),
        { maxKeys: 3 },
      ),
      text: fc.string(),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      time: fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.bigInt(0n, 2n ** 62n).map(String)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 10 }), async (points) => {
        bodies = [];
        const { theirs, ours } = await sideBySide((api) => {
          for (const { name: measurement, tags, text, value, time } of points) {
            const made = new Point(measurement).stringField('s', text).floatField('v', value).timestamp(time);
            for (const [key, tag] of Object.entries(tags)) made.tag(key, tag);
            api.writePoint(made);
          }
        }).catch((error: unknown) => {
          // What is malformed in one is malformed in both: it is the same text.
          if (error instanceof LineError) return { theirs: [], ours: [] };
          throw error;
        });
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 60 },
    );
  });

  it('brings what normalizeLines makes of the lines of any points', async () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }),
      fc.constantFrom('m', 'time', '#m', '\0m', 'm\0', 'a\\', 'q"', 'x y', 'a=b', 'l\nl', '\ud800'),
    );
    const time = fc.oneof(
      fc.constantFrom<string | number>('007', '-5', '0', 'x', '5 6', '1\nm f=2 3', '9'.repeat(19), '1'.repeat(20)),
      fc.constantFrom<string | number>(1.9, -3, 1e21, Number.NaN),
      fc.bigInt(0n, 2n ** 62n).map(String),
    );
    const point = fc.record({ name, key: name, tag: name, text: fc.option(name), unsigned: fc.boolean(), time });
    const anyOf = fc.constantFrom<WritePrecisionType>('ns', 'us', 'ms', 's');
    await fc.assert(
      fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 5 }), anyOf, async (points, precision) => {
        const failed: string[] = [];
        const succeeded: string[] = [];
        const writeOptions: Partial<WriteOptions> = {
          writeFailed: async (_error, lines) => void failed.push(...lines),
          writeSuccess: (lines) => void succeeded.push(...lines),
        };
        const { api, intake } = open({ precision, writeOptions });
        const records = points.map(({ name: measurement, key, tag, text, unsigned, time: given }) => {
          const made = new Point(measurement).tag(key, tag).floatField(key, 0.5).timestamp(given);
          if (text !== null) made.stringField('s', text);
          if (unsigned) made.uintField('u', 1);
          api.writePoint(made);
          return made.toLineProtocol(api)!;
        });
        await api.close();
        const read = (some: string[]) => linesOf(some.join('\n'), precision);
        const isGood = (some: string[]) => {
          try {
            return read(some) !== undefined;
          } catch {
            return false;
          }
        };
        const good = isGood(records) ? records : records.filter((record) => isGood([record]));
        expect(intake.lines).toEqual(read(good));
        const asUtf8 = (some: string[]) => some.map((text) => Buffer.from(text).toString());
        expect(failed).toEqual(asUtf8(good === records ? [] : records.filter((record) => !isGood([record]))));
        expect(succeeded).toEqual(asUtf8(intake.lines.length > 0 ? good : []));
      }),
      { numRuns: 500 },
    );
  });

  it('throws the same once it is closed', async () => {
    const original = new InfluxDB({ url }).getWriteApi('o', 'b');
    const { api } = open();
    await Promise.all([original.close(), api.close()]);
    const calls: Array<(api: WriteApi) => void> = [
      (each) => each.writePoint(sample()),
      (each) => each.writePoints([sample()]),
      (each) => each.writeRecord('m f=1'),
      (each) => each.writeRecords(['m f=1']),
    ];
    for (const call of calls) {
      expect(() => call(original)).toThrow('writeApi: already closed!');
      expect(() => call(api)).toThrow('writeApi: already closed!');
    }
    await expect(api.write('m f=1')).rejects.toThrow('writeApi: already closed!');
    expect(await Promise.all([original.close(), api.close(), original.flush(true), api.flush(true)])).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('says on dispose how many points it gives up', () => {
    const original = new InfluxDB({ url }).getWriteApi('o', 'b');
    const { api, clock } = open();
    for (const each of [original, api]) {
      each.writeRecords(['m f=1', 'm f=2']);
      expect(each.dispose()).toBe(2);
      expect(() => each.writeRecord('m f=1')).toThrow('already closed');
    }
    expect(clock.timers).toBe(0);
  });

  it('lets the path be changed', async () => {
    const original = new InfluxDB({ url }).getWriteApi('o', 'b', 's');
    const { api, intake } = open({ precision: 's' });
    for (const each of [original, api]) {
      each.writeRecord('m f=1 1');
      await each.flush();
      each.path = '/write?db=telemetry&rp=week&precision=ms';
      each.writeRecord('m f=1 2');
      await each.close();
    }
    expect(bodies[1]!.url).toBe(api.path);
    expect(intake.offers.map(({ destination, lines }) => [destination.bucket, ...lines])).toEqual([
      ['b', 'm f=1 1000000000'],
      ['telemetry/week', 'm f=1 2000000'],
    ]);
    expect(() => {
      api.path = '/api/v2/write?org=o';
    }).toThrow('must name the bucket');
  });
});

describe('durableWriteApi', () => {
  it('hands over after 50 ms, or when a batch is full', async () => {
    const { api, intake, clock } = open();
    api.writeRecord('m f=1 1');
    await clock.advance(49);
    expect(intake.offers).toHaveLength(0);
    await clock.advance(1);
    expect(intake.lines).toEqual(['m f=1 1']);
    for (let index = 0; index < 5_000; index++) api.writeRecord(`m f=1 ${index}`);
    await settle();
    expect(intake.offers[1]!.lines).toHaveLength(5_000);
    api.writeRecord(`m f="${'x'.repeat(1_048_576)}" 1`);
    await settle();
    expect(intake.offers).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });

  it('has a timer only when it is asked for one', async () => {
    const { api, intake, clock } = open({ writeOptions: { flushInterval: 0 } });
    api.writeRecord('m f=1 1');
    expect(clock.timers).toBe(0);
    await api.flush();
    expect(intake.lines).toEqual(['m f=1 1']);
  });

  it('flushes once everything is on disk, in order', async () => {
    const { api, intake } = open({ writeOptions: { batchSize: 1 } });
    const written: Array<() => void> = [];
    intake.disk = () => new Promise((resolve) => written.push(resolve));
    let flushed = false;
    api.writeRecords(['m f=1 1', 'm f=1 2']);
    const flush = api.flush().then(() => {
      flushed = true;
    });
    await settle();
    expect(written).toHaveLength(1);
    written[0]!();
    await settle();
    expect(flushed).toBe(false);
    written[1]!();
    await flush;
    expect(intake.lines).toEqual(['m f=1 1', 'm f=1 2']);
  });

  it.each(['log-full', 'disk-full', 'disk-failed', 'overloaded'] as const)(
    'keeps what intake refuses for %s, and offers it again',
    async (reason) => {
      const { api, intake, clock } = open();
      intake.close(reason);
      api.writeRecord('m f=1 1');
      let done = false;
      const flush = api.flush().then(() => {
        done = true;
      });
      await clock.advance(10_000);
      expect(done).toBe(false);
      expect(intake.refused.get(reason)).toBeGreaterThanOrEqual(2);
      intake.open();
      await clock.advance(6_000);
      await flush;
      expect(intake.lines).toEqual(['m f=1 1']);
    },
  );

  it('throws when its memory is full, and takes all or nothing', async () => {
    const { api, intake, clock } = open({ maxBufferBytes: 100, writeOptions: { batchSize: 4 } });
    intake.close('log-full');
    let taken = 0;
    const fill = () => {
      for (; taken < 1_000; taken++) api.writeRecord(`m f=1 ${taken}`);
    };
    expect(fill).toThrow(/^writeApi: not taken, as \d+ points wait in memory already/);
    await clock.advance(1);
    expect(() => api.writePoints([sample(), sample()])).toThrow('(intake is closed: log-full); write it again later');
    expect(taken).toBeLessThan(30);
    intake.open();
    await clock.advance(10_000);
    api.writeRecord('m f=1 999');
    await api.flush();
    expect(intake.lines).toEqual([...Array.from({ length: taken }, (_, index) => `m f=1 ${index}`), 'm f=1 999']);
  });

  it('keeps the good lines of a batch with bad ones, and tells of those', async () => {
    const failed: unknown[] = [];
    const { api, intake } = open({
      writeOptions: {
        writeFailed(error, lines, attempt) {
          failed.push([this === api, error instanceof LineError, lines, attempt]);
        },
      },
    });
    api.writeRecords(['m f=1 1', 'nonsense', 'm f=1 2', '!', 'm f=1 3']);
    await expect(api.flush()).rejects.toThrow(LineError);
    await api.flush();
    expect(intake.lines).toEqual(['m f=1 1', 'm f=1 2', 'm f=1 3']);
    expect(intake.refused).toEqual(new Map([['malformed', 2]]));
    expect(failed).toEqual([
      [true, true, ['nonsense'], 1],
      [true, true, ['!'], 1],
    ]);
  });

  it('lets writeFailed decide, and tells writeSuccess of what is on disk', async () => {
    const succeeded: unknown[] = [];
    const { api, intake } = open({
      writeOptions: { writeFailed: async () => {}, writeSuccess: (lines) => void succeeded.push(lines) },
    });
    api.writeRecords(['m f=1 1', 'nonsense']);
    await api.flush();
    expect(succeeded).toEqual([['m f=1 1']]);
    intake.close('shutdown');
    api.writeRecord('m f=1 2');
    await api.close();
    expect(succeeded).toHaveLength(1);
  });

  it('fails when the spool is closed', async () => {
    const { api, intake } = open();
    intake.close('shutdown');
    api.writeRecord('m f=1 1');
    await expect(api.flush()).rejects.toThrow(IntakeError);
    api.writeRecord('m f=1 2');
    await expect(api.close()).rejects.toThrow('intake is closed: shutdown');
  });

  it('resolves write when it is on disk, after what came before', async () => {
    const { api, intake } = open({ precision: 'ms' });
    api.writeRecord('m f=1 1');
    await api.write(sample().timestamp(2));
    await api.write(['m f=1 3', sample().timestamp(4)]);
    await api.write(new Set([sample().timestamp(5), new Point('nothing')]));
    await api.write([]);
    expect(intake.offers.map(({ lines }) => lines.map((line) => line.split(' ').at(-1)))).toEqual([
      ['1000000'],
      ['2000000'],
      ['3000000', '4000000'],
      ['5000000'],
    ]);
  });

  it('refuses all that one write brings when a line is malformed', async () => {
    const { api, intake } = open();
    await expect(api.write(['m f=1 1', 'nonsense'])).rejects.toThrow(/^line 2, column /);
    expect(intake.offers).toEqual([]);
    expect(intake.refused).toEqual(new Map([['malformed', 2]]));
    await api.flush();
  });

  it('keeps nothing of what is on disk, however long it lives', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { api, intake } = open();
    intake.accept = async () => {};
    const heapAfter = async (writes: number): Promise<number> => {
      for (let write = 0; write < writes; write++) {
        api.writeRecord('m f=1 1');
        await api.flush();
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(1_000);
    expect((await heapAfter(20_000)) - before).toBeLessThan(20_000 * 20);
  });

  it('waits for room in write, until its signal ends it', async () => {
    const { api, intake, clock } = open();
    intake.close('log-full');
    const controller = new AbortController();
    const given = api.write('m f=1 1', { signal: controller.signal });
    const waiting = api.write('m f=1 2');
    await clock.advance(5_000);
    controller.abort();
    await expect(given).rejects.toThrow();
    intake.open();
    await clock.advance(10_000);
    await waiting;
    expect(intake.lines).toEqual(['m f=1 2']);
    await expect(api.write('m f=1 3', { signal: controller.signal })).rejects.toThrow();
  });

  it('ends a write by its signal also while it waits for its turn', async () => {
    const { api, intake, clock } = open();
    intake.close('log-full');
    const first = api.write('m f=1 1');
    await clock.advance(1_000);
    const controller = new AbortController();
    const second = api.write('m f=1 2', { signal: controller.signal });
    const third = api.write('m f=1 3');
    let ended = false;
    const given = second.catch(() => {
      ended = true;
    });
    await clock.advance(1_000);
    controller.abort();
    await settle();
    expect(ended).toBe(true);
    intake.open();
    await clock.advance(10_000);
    await Promise.all([first, given, third]);
    expect(intake.lines).toEqual(['m f=1 1', 'm f=1 3']);
  });

  it('flushes what write was given too', async () => {
    const { api, intake } = open();
    let stored = () => {};
    intake.disk = () =>
      new Promise((resolve) => {
        stored = resolve;
      });
    const writing = api.write('m f=1 1');
    let flushed = false;
    const flush = api.flush().then(() => {
      flushed = true;
    });
    await settle();
    expect(flushed).toBe(false);
    stored();
    await Promise.all([writing, flush]);
    expect(intake.lines).toEqual(['m f=1 1']);
  });

  it.each([
    [{ precision: 'm' as WritePrecisionType }, 'durableWriteApi: precision is m; it must be ns, us, ms or s'],
    [{ maxBufferBytes: 0 }, 'durableWriteApi: maxBufferBytes is 0'],
  ])('refuses options out of range: %j', (options, message) => {
    expect(() => open(options)).toThrow(ConfigError);
    expect(() => open(options)).toThrow(message);
  });
});
