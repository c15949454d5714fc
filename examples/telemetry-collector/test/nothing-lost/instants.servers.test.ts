import { fileURLToPath } from 'node:url';
import { Rig } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SECOND = 1_763_784_000n;

/** What is written as a time, and the instant that is meant, in nanoseconds. */
const WRITTEN = [
  ['/write?db=telemetry', `${SECOND}123456789`, SECOND * 1_000_000_000n + 123_456_789n],
  ['/write?db=telemetry&precision=n', `${SECOND}123456790`, SECOND * 1_000_000_000n + 123_456_790n],
  ['/write?db=telemetry&precision=u', `${SECOND}223456`, SECOND * 1_000_000_000n + 223_456_000n],
  ['/write?db=telemetry&precision=ms', `${SECOND}323`, SECOND * 1_000_000_000n + 323_000_000n],
  ['/write?db=telemetry&precision=s', `${SECOND + 1n}`, (SECOND + 1n) * 1_000_000_000n],
  ['/api/v2/write?bucket=telemetry', `${SECOND}423456789`, SECOND * 1_000_000_000n + 423_456_789n],
  ['/api/v2/write?bucket=telemetry&precision=ns', `${SECOND}523456789`, SECOND * 1_000_000_000n + 523_456_789n],
  ['/api/v2/write?bucket=telemetry&precision=us', `${SECOND}623456`, SECOND * 1_000_000_000n + 623_456_000n],
  ['/api/v2/write?bucket=telemetry&precision=ms', `${SECOND}723`, SECOND * 1_000_000_000n + 723_000_000n],
  ['/api/v2/write?bucket=telemetry&precision=s', `${SECOND + 2n}`, (SECOND + 2n) * 1_000_000_000n],
] as const;

describe('an instant', () => {
  let rig: Rig;
  let beforeMs: number;

  beforeAll(async () => {
    rig = await Rig.start({
      main: MAIN,
      backends: ['influxdb', 'victoria-metrics'],
      env: { ACK_HOLD: '0' },
      isRecording: false,
    });
    for (const [index, [path, time]] of WRITTEN.entries())
      await write(path, `tide,way=${index} level=${index} ${time}`);
    beforeMs = Date.now();
    await write('/write?db=telemetry&precision=s', 'tide,way=none level=1');
    await rig.settled(60_000);
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  const write = async (path: string, body: string) => {
    const answer = await fetch(`${rig.collector.url}${path}`, { method: 'POST', body });
    expect(answer.status, path).toBe(204);
  };

  it('comes back from InfluxDB to the digit, whatever its precision was; two of them a nanosecond apart stay two', async () => {
    const query = new URLSearchParams({ db: 'telemetry', epoch: 'ns', q: 'SELECT level, way FROM tide' });
    const text = await (await fetch(`${rig.backends[0]!.server.url}/query?${query}`)).text();
    // Digits, since no double holds them.
    const stored = [...text.matchAll(/\[(\d+),[\d.]+,"(\w+)"\]/g)].map(([, time, way]) => [way, BigInt(time!)]);
    const known = stored.filter(([way]) => way !== 'none');
    expect(known.sort(([a], [b]) => Number(a) - Number(b))).toEqual(WRITTEN.map(([, , ns], way) => [String(way), ns]));
    expect(new Set(known.map(([, ns]) => ns)).size).toBe(WRITTEN.length);
    const [, stamped] = stored.find(([way]) => way === 'none')!;
    expect(Number((stamped as bigint) / 1_000_000n)).toBeGreaterThanOrEqual(Math.floor(beforeMs / 1_000) * 1_000);
    expect(Number((stamped as bigint) / 1_000_000n)).toBeLessThanOrEqual(Date.now());
  });

  it('comes back from VictoriaMetrics to the millisecond, which is all that it keeps', async () => {
    const { url, flush } = rig.backends[1]!.server as unknown as { url: string; flush(): Promise<void> };
    await flush();
    const read = async () => {
      const text = await (await fetch(`${url}/api/v1/export?match[]=tide_level`)).text();
      const series = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { metric: { way: string }; timestamps: number[] });
      return series
        .filter(({ metric }) => metric.way !== 'none')
        .map(({ metric, timestamps }) => [metric.way, timestamps]);
    };
    const meant = WRITTEN.map(([, , ns], way) => [String(way), [Number(ns / 1_000_000n)]]);
    await expect
      .poll(async () => (await read()).sort(([a], [b]) => Number(a) - Number(b)), { timeout: 60_000, interval: 250 })
      .toEqual(meant);
  });
});
