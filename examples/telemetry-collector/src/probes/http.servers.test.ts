import { systemClock } from '@breakwater/resilience';
import { httpPool } from '@breakwater/resilience/http';
import { startServer } from '@breakwater/testbed';
import { afterAll, expect, it } from 'vitest';
import { HttpProbe, type HttpProbeOptions } from './http.js';

const dispatcher = httpPool();
afterAll(() => dispatcher.destroy());

const probing = (url: string, options: Partial<HttpProbeOptions> = {}) => {
  const expectStatus = [{ from: 200, to: 299 }];
  const bounds = { expectBody: undefined, maxRedirects: 5, maxBodyBytes: 1_048_576 };
  const probe = new HttpProbe(
    { url, method: 'GET', headers: {}, expectStatus, ...bounds, ...options },
    { dispatcher, clock: systemClock },
  );
  return () =>
    probe.operations[0]!.run({
      signal: new AbortController().signal,
      deadline: systemClock.now() + 10_000,
      attempt: 1,
    });
};

it("asks InfluxDB's /ping, and sees it die", async () => {
  await using influxdb = await startServer('influxdb');
  const run = probing(new URL('/ping', influxdb.url).href, { expectStatus: [{ from: 204, to: 204 }] });
  expect((await run())[0]!.fields).toMatchObject({ status: 204, body_bytes: 0, reused: false });
  expect((await run())[0]!.fields).toMatchObject({ status: 204, reused: true });
  influxdb.signal('SIGKILL');
  await influxdb.stop();
  await expect(run()).rejects.toMatchObject({ code: 'refused' });
});

it('reads the pages of HAProxy, whose balanced front has nobody behind it', async () => {
  await using haproxy = await startServer('haproxy');
  const statistics = await probing(haproxy.statsUrl, { expectBody: 'Statistics Report' })();
  expect(statistics[0]!.fields).toMatchObject({ status: 200 });
  await expect(probing(haproxy.url)()).rejects.toMatchObject({
    code: 'unexpected-status',
    readings: [{ fields: { status: 503 } }],
  });
});
