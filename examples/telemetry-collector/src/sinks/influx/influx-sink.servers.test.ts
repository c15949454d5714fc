import { startServer } from '@breakwater/testbed';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fieldsText, joinTags, nameText, tagTexts } from '../../points/line.js';
import type { FieldValue } from '../../probes/probe.js';
import { contextOf, errorOf, linesBy, metricsOf } from '../sink.suite.js';
import { InfluxSink, type InfluxSinkOptions } from './influx-sink.js';

interface Series {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: ReadonlyArray<ReadonlyArray<string | number | boolean | null>>;
}

const STAMP = 1_763_784_000_123_456_789n;
type Point = [measurement: string, tags: Record<string, string>, fields: Record<string, FieldValue>];

const lineOf = ([measurement, tags, fields]: Point, stamp = STAMP): string =>
  `${nameText(measurement)}${joinTags(tagTexts(tags), [])} ${fieldsText(fields)} ${stamp}`;

describe('the InfluxDB sink on InfluxDB 1.6', () => {
  let server: Awaited<ReturnType<typeof startServer<'influxdb'>>>;
  const opened: InfluxSink[] = [];

  const open = (options: Partial<InfluxSinkOptions> = {}): InfluxSink => {
    const sink = new InfluxSink({ address: server.url, org: '', bucket: server.database, token: '', ...options });
    opened.push(sink);
    return sink;
  };
  /** Asks in InfluxQL. Instants are longer than a number can tell: they come as text. */
  const query = async (q: string): Promise<Series[]> => {
    const url = `${server.url}/query?${new URLSearchParams({ db: server.database, epoch: 'ns', q })}`;
    const text = (await (await fetch(url)).text()).replace(/\[(\d{17,19}),/g, '["$1",');
    const { results } = JSON.parse(text) as { results: Array<{ series?: Series[] }> };
    return results[0]?.series ?? [];
  };
  const count = async (measurement: string): Promise<number> => {
    const [series] = await query(`SELECT COUNT(value) FROM "${measurement}"`);
    return (series?.values[0]?.[1] as number | undefined) ?? 0;
  };
  const counted = (measurement: string, from: number, lines: number): string[] =>
    Array.from({ length: lines }, (_, index) => lineOf([measurement, {}, { value: 1 }], STAMP + BigInt(from + index)));

  beforeAll(async () => {
    server = await startServer('influxdb');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((sink) => sink.close()));
  });
  afterAll(() => server?.stop());

  it('has stored what it wrote, to the last character and nanosecond', async () => {
    const awkward = ['a b', 'a,b', 'a=b', 'a\\b', 'say "hi"', "it's", 'ä\u{1f4a1}', '#1', '100%', '\\ud800'];
    const fields = { float: 0.1, tiny: 1e-7, huge: 1e300, whole: 5, int: -(2n ** 63n), yes: true, no: false };
    const points: Point[] = awkward.map((text, index) => [
      `m ${text}`,
      { [`k ${text}`]: text, index: String(index) },
      { ...fields, [`f ${text}`]: text, text },
    ]);
    const sink = open();
    await sink.write(
      points.map((point) => lineOf(point)),
      contextOf(),
    );
    expect(linesBy(sink)).toEqual({ written: points.length, refused: 0, lost: 0, pending: 0 });
    for (const [measurement, tags, values] of points) {
      const name = measurement.replace(/[\\"]/g, '\\$&');
      const [series] = await query(`SELECT * FROM "${name}" GROUP BY *`);
      expect(series?.name).toBe(measurement);
      expect(series?.tags).toEqual(tags);
      const row = Object.fromEntries(series!.columns.map((column, index) => [column, series!.values[0]![index]]));
      expect(row['time']).toBe(String(STAMP));
      const { int, ...others } = values;
      expect(row).toMatchObject(others);
      // The smallest integer is beyond what JSON numbers hold exactly.
      expect(BigInt(row['int'] as number)).toBe(int);
    }
  });

  it('keeps the type of a field whose value happens to be whole', async () => {
    const sink = open();
    await sink.write(
      [lineOf(['types', {}, { value: 5 }]), lineOf(['types', {}, { value: 5.5 }], STAMP + 1n)],
      contextOf(),
    );
    const [series] = await query('SHOW FIELD KEYS FROM "types"');
    expect(series?.values).toEqual([['value', 'float']]);
    expect(await count('types')).toBe(2);
  });

  it('finds the lines that clash with stored types or cannot be read, and stores all others', async () => {
    const notices: string[] = [];
    const sink = open({ onNotice: (notice) => notices.push(notice) });
    await sink.write(counted('clash', 0, 1), contextOf());
    const lines = counted('clash', 1, 200);
    lines[17] = lineOf(['clash', {}, { value: 'text' }], STAMP + 1_000n);
    lines[120] = 'clash value= 1';
    await sink.write(lines, contextOf());
    expect(await count('clash')).toBe(199);
    expect(linesBy(sink)).toEqual({ written: 199, refused: 2, lost: 0, pending: 0 });
    expect(notices).toEqual([
      expect.stringMatching(/refused 2 of 200 lines: 400 .*(?:field type conflict|unable to parse)/),
    ]);
  });

  it('names a database that is not there', async () => {
    const error = await errorOf(open({ bucket: 'nowhere' }).write(counted('x', 0, 1), contextOf()));
    expect(error).toMatchObject({ reason: 'not-found', lines: 1 });
    expect(error.message).toContain('database not found: "nowhere"');
  });

  it('counts what it could not write while the server was gone, and goes on when it is back', async () => {
    const sink = open({ recoveryTimeoutMs: 100, maxAttempts: 2 });
    await sink.write(counted('outage', 0, 50), contextOf());
    server.signal('SIGKILL');
    const losses = await Promise.all(
      [0, 1, 2].map((turn) => errorOf(sink.write(counted('outage', 100 + turn * 10, 10), contextOf()))),
    );
    expect(losses.map(({ lines }) => lines)).toEqual([10, 10, 10]);
    for (const { reason } of losses) expect(['network', 'circuit-open']).toContain(reason);
    await server.restart();
    await expect
      .poll(
        () =>
          sink.write(counted('outage', 200, 10), contextOf()).then(
            () => 'written',
            () => 'lost',
          ),
        { timeout: 10_000 },
      )
      .toBe('written');
    expect(await count('outage')).toBe(60);
    const { written, lost } = linesBy(sink);
    expect(written).toBe(60);
    expect(lost).toBeGreaterThanOrEqual(30);
  });
});

describe('the InfluxDB sink on a server with too much to do', () => {
  it('tries again what was throttled, and counts what it gave up', async () => {
    await using server = await startServer('influxdb', { concurrentWrites: 1 });
    const sink = new InfluxSink({
      address: server.url,
      org: '',
      bucket: server.database,
      token: '',
      failureThreshold: 1000,
    });
    const writes = Array.from({ length: 12 }, (_, batch) =>
      Array.from({ length: 5_000 }, (_, index) =>
        lineOf(['load', { batch: String(batch), index: String(index) }, { value: 1 }]),
      ),
    );
    const results = await Promise.allSettled(writes.map((lines) => sink.write(lines, contextOf())));
    const { written, lost } = linesBy(sink);
    const values = metricsOf(sink);
    await sink.close();
    expect(written! + lost!).toBe(60_000);
    expect(written).toBe(results.filter(({ status }) => status === 'fulfilled').length * 5_000);
    expect(lost).toBe(values.get(`telemetry_sink_lines_total ${sink.name} lost overloaded`));
    expect(values.get(`retry_attempts_total ${sink.name}`)).toBeGreaterThan(0);
    const url = `${server.url}/query?${new URLSearchParams({ db: server.database, q: 'SELECT COUNT(value) FROM "load"' })}`;
    const { results: answers } = (await (await fetch(url)).json()) as { results: Array<{ series: Series[] }> };
    expect(answers[0]!.series[0]!.values[0]![1]).toBeGreaterThanOrEqual(written!);
  });
});
