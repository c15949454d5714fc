import { freePort, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpBackend } from '../backend/http-backend.js';
import type { RefusedLine } from '../inspect/send-lines.js';
import { type DifferingWindow, type ReconcileOptions, reconcile } from './reconcile.js';

const HOUR = 3_600_000_000_000n;
const START = 1_700_000_000_000_000_000n - (1_700_000_000_000_000_000n % HOUR);
const DATABASE = 'tides "north"';

let a: Awaited<ReturnType<typeof startInflux>>;
let b: Awaited<ReturnType<typeof startInflux>>;

const startInflux = () => startServer('influxdb', { database: 'telemetry' });

async function query(url: string, q: string): Promise<string> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q, db: DATABASE, epoch: 'ns' }),
  });
  return response.text();
}

async function write(url: string, lines: readonly string[]): Promise<void> {
  const response = await fetch(`${url}/write?${new URLSearchParams({ db: DATABASE })}`, {
    method: 'POST',
    body: lines.join('\n'),
  });
  expect(await response.text()).toBe('');
}

const everything = (url: string) => query(url, 'SELECT * FROM /.*/ GROUP BY *');

interface Outcome {
  readonly windows: DifferingWindow[];
  readonly refused: RefusedLine[];
}

async function run(options: Partial<ReconcileOptions> = {}) {
  const outcome: Outcome = { windows: [], refused: [] };
  const report = await reconcile(
    {
      from: { url: a.url },
      to: { url: b.url },
      database: DATABASE,
      range: { startNs: START, endNs: START + 24n * HOUR },
      windowNs: HOUR,
      signal: AbortSignal.timeout(50_000),
      onWindow: (window) => outcome.windows.push(window),
      onRefused: (_url, line) => outcome.refused.push(line),
      ...options,
    },
    ({ url, token = '' }) => httpBackend({ url, token }),
  );
  return { ...outcome, report };
}

beforeAll(async () => {
  [a, b] = await Promise.all([startInflux(), startInflux()]);
});
afterAll(() => Promise.all([a.stop(), b.stop()]));
beforeEach(async () => {
  for (const { url } of [a, b]) {
    await query(url, 'DROP DATABASE "tides \\"north\\""');
    await query(url, 'CREATE DATABASE "tides \\"north\\""');
  }
});

const level = (hour: number, value: number, ns = 0n): string =>
  `level,harbour=h${value % 3} m=${value} ${START + BigInt(hour) * HOUR + ns}`;

describe('windows that differ', () => {
  it('are found by their counts, and by their points where the counts are equal', async () => {
    const both = [level(0, 1), level(0, 2), level(5, 1)];
    await write(a.url, [...both, level(2, 1, 1n), level(2, 1, 2n), level(7, 1), level(9, 4)]);
    await write(b.url, [...both, level(2, 1, 1n), level(7, 1, 1n), level(9, 7)]);
    const { windows, report } = await run();
    expect(
      windows.map(({ range, fromValues, toValues }) => [(range.startNs - START) / HOUR, fromValues, toValues]),
    ).toEqual([
      [2n, 2, 1],
      [7n, 1, 1],
      [9n, 1, 1],
    ]);
    expect(report).toEqual({ measurements: 1, windows: 3, sentTo: 0, sentFrom: 0, refused: 0, incomparable: [] });
    expect((await run({ countsOnly: true })).windows).toHaveLength(1);
  });

  it('are cut to the range', async () => {
    await write(a.url, [level(0, 1), level(0, 1, 1n), level(0, 1, 2n)]);
    const range = { startNs: START + 1n, endNs: START + 2n };
    const { windows } = await run({ range });
    expect(windows).toMatchObject([{ range, fromValues: 1, toValues: 0 }]);
  });
});

describe('sending', () => {
  const awkward = [
    `odd\\,\\ na\\me,har\\ bour=a\\,b\\=c\\ d,quote=say"it",back=x\\y te\\ xt="a \\"word\\" \\\\ and = , more",n=9007199254740993i ${START + 1n}`,
    `odd\\,\\ na\\me,har\\ bour=übersee n=-9223372036854775808i,on=true ${START + 2n}`,
    `odd\\,\\ na\\me off=false,f=0.1,g=1e300,h=-0.000001,i=3 ${START + 3n}`,
    `m,v=tag v=1 ${START + 4n}`,
    `"quoted",time\\ zone=utc value="line one\nline two" ${START + 5n}`,
  ];

  it('makes the other side equal, to the nanosecond and the type', async () => {
    await write(a.url, awkward);
    const first = await run({ send: 'to' });
    expect(first.refused).toEqual([]);
    expect(first.report.sentTo).toBe(5);
    expect(await everything(b.url)).toBe(await everything(a.url));
    const again = await run({ send: 'to' });
    expect(again.windows).toEqual([]);
  });

  it('sends one way what is missing, and only the fields that differ', async () => {
    await write(a.url, [`m a=1,b=2 ${START}`, `m a=1 ${START + 1n}`]);
    await write(b.url, [`m a=1,b=3,c=4 ${START}`, `m a=9 ${START + 2n}`]);
    const { windows } = await run({ send: 'to' });
    expect(windows).toMatchObject([{ fromValues: 3, toValues: 4, sentTo: 2, sentFrom: 0 }]);
    expect(await query(b.url, 'SELECT * FROM m')).toContain(
      `[[${START},1,2,4],[${START + 1n},1,null,null],[${START + 2n},9,null,null]]`,
    );
    expect(await query(a.url, 'SELECT * FROM m')).toContain(`[[${START},1,2],[${START + 1n},1,null]]`);
  });

  it('makes both equal when asked to, and takes the value of the first where both have one', async () => {
    await write(a.url, [`m a=1,b=2 ${START}`, level(3, 5)]);
    await write(b.url, [`m a=1,b=3,c=4 ${START}`, level(4, 5)]);
    const { report } = await run({ send: 'both' });
    expect(report).toMatchObject({ sentTo: 2, sentFrom: 2 });
    expect(await everything(b.url)).toBe(await everything(a.url));
    expect(await query(b.url, 'SELECT * FROM m')).toContain(`[[${START},1,2,4]]`);
  });

  it('reads a window that is too large for memory in halves', async () => {
    const lines = Array.from({ length: 110_000 }, (_, i) => `wide v=${i}i ${START + BigInt(i)}`);
    for (let at = 0; at < lines.length; at += 50_000) await write(a.url, lines.slice(at, at + 50_000));
    await write(b.url, lines.slice(1, 50_000));
    const { report } = await run({ send: 'to' });
    expect(report).toMatchObject({ windows: 1, sentTo: 60_001 });
    expect((await run()).windows).toEqual([]);
  });

  it('names the lines that the other side does not take', async () => {
    await query(b.url, 'CREATE RETENTION POLICY "short" ON "tides \\"north\\"" DURATION 1h REPLICATION 1 DEFAULT');
    await query(a.url, 'CREATE RETENTION POLICY "short" ON "tides \\"north\\"" DURATION 0s REPLICATION 1 DEFAULT');
    await write(a.url, [level(0, 1), level(1, 2)]);
    const { refused, report } = await run({ send: 'to' });
    expect(report).toMatchObject({ sentTo: 0, refused: 2 });
    expect(refused.map(({ text }) => text)).toEqual([level(0, 1), level(1, 2)]);
    expect(refused[0]?.words).toContain('points beyond retention policy');
  });

  it('stays in the retention policy that was named', async () => {
    for (const { url } of [a, b]) {
      await query(url, 'CREATE RETENTION POLICY "long" ON "tides \\"north\\"" DURATION 0s REPLICATION 1');
    }
    await write(a.url, [level(0, 1)]);
    await fetch(`${a.url}/write?${new URLSearchParams({ db: DATABASE, rp: 'long' })}`, {
      method: 'POST',
      body: `rare v=1i ${START}`,
    });
    const { report } = await run({ send: 'to', retentionPolicy: 'long' });
    expect(report).toMatchObject({ windows: 1, sentTo: 1 });
    expect(await query(b.url, 'SELECT * FROM "long"."rare"')).toContain(`[[${START},1]]`);
    expect(await query(b.url, 'SELECT * FROM "level"')).not.toContain('series');
  });
});

describe('what cannot be compared', () => {
  it('is a field with another type on the other side: the measurement is left out and named', async () => {
    await write(a.url, [`mixed v=1 ${START}`, level(0, 1)]);
    await write(b.url, [`mixed v=1i ${START}`]);
    const { report } = await run({ send: 'both' });
    expect(report.sentTo).toBe(1);
    expect(report.incomparable).toEqual([
      { measurement: 'mixed', reason: `field "v" is float on ${a.url} and integer on ${b.url}` },
    ]);
  });

  it('is a server that is not there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(run({ to: { url } })).rejects.toThrow(`${url} cannot be reached: connect ECONNREFUSED`);
  });

  it('is a database, a retention policy or a measurement that is not there', async () => {
    await expect(run({ database: 'nope' })).rejects.toThrow(/could not answer a query: database not found: nope/);
    await expect(run({ retentionPolicy: 'short' })).rejects.toThrow(
      `${a.url} has no retention policy short in ${DATABASE}; it has autogen`,
    );
    await expect(run({ measurement: 'nope' })).rejects.toThrow('neither server has a measurement "nope"');
  });

  it('is one server twice', async () => {
    await expect(run({ to: { url: a.url } })).rejects.toThrow('is on both sides');
  });

  it('is VictoriaMetrics', async () => {
    await using victoria = await startServer('victoria-metrics');
    await expect(run({ to: { url: victoria.url } })).rejects.toThrow(
      `${victoria.url} is VictoriaMetrics, which cannot be compared: its /query answers nothing but _internal`,
    );
  });

  it('is a server that asks for a password that was not given', async () => {
    await using guarded = await startServer('influxdb', { auth: { user: 'u', password: 'p' } });
    const database = guarded.database;
    await expect(run({ to: { url: guarded.url }, database })).rejects.toThrow(
      /answered 401 to a query: .*; check its token/,
    );
    await expect(run({ to: { url: guarded.url, token: 'u:p' }, database })).resolves.toMatchObject({ windows: [] });
  });
});
