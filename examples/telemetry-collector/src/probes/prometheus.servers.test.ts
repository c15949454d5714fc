import { loadavg, totalmem } from 'node:os';
import { systemClock } from '@breakwater/resilience';
import { httpPool } from '@breakwater/resilience/http';
import { startServer } from '@breakwater/testbed';
import { afterAll, describe, expect, it } from 'vitest';
import type { Reading } from './probe.js';
import { expectWellFormed } from './probe.suite.js';
import { PrometheusProbe } from './prometheus.js';

const dispatcher = httpPool();
afterAll(() => dispatcher.destroy());

const scrape = (url: string, keep: string[]) => {
  const options = { url, headers: {}, keep, maxSeries: 10_000, maxBodyBytes: 16_777_216 };
  return new PrometheusProbe(options, { dispatcher, clock: systemClock }).operations[0]!.run({
    signal: new AbortController().signal,
    deadline: systemClock.now() + 10_000,
    attempt: 1,
  });
};
const seriesValue = (readings: readonly Reading[], name: string, tags: Record<string, string> = {}) =>
  readings.find(
    (one) => one.measurement === name && Object.entries(tags).every(([tag, text]) => one.tags[tag] === text),
  )?.fields['value'];
/** The page as it is, without a parser of ours. */
const page = async (url: string) => (await fetch(url)).text();
const seriesOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('the Prometheus probe against node exporter', () => {
  it('reads what the machine says of itself', async () => {
    await using server = await startServer('node-exporter');
    const before = loadavg()[0]!;
    const readings = await scrape(server.metricsUrl, [
      'node_load1',
      'node_memory_MemTotal_bytes',
      'node_network_*_bytes_total',
    ]);
    const after = loadavg()[0]!;
    expectWellFormed(readings);
    const load = Number(seriesValue(readings, 'node_load1'));
    expect(load).toBeGreaterThanOrEqual(Math.min(before, after) - 0.01);
    expect(load).toBeLessThanOrEqual(Math.max(before, after) + 0.01);
    expect(seriesValue(readings, 'node_memory_MemTotal_bytes')).toBe(totalmem());
    const later = await page(server.metricsUrl);
    for (const { tags, fields } of readings.filter(({ measurement }) => measurement.startsWith('node_network_rec'))) {
      const line = later
        .split('\n')
        .find((one) => one.startsWith(`node_network_receive_bytes_total{device="${tags['device']}"}`));
      expect(fields['value']).toBeLessThanOrEqual(Number(line!.split(' ')[1]));
    }
  });

  it('sees every series of the page', async () => {
    await using server = await startServer('node-exporter');
    const readings = await scrape(server.metricsUrl, ['*']);
    const series = seriesOf(await page(server.metricsUrl));
    expect(readings[0]).toMatchObject({ measurement: 'prometheus_scrape', fields: { series: series.length } });
    const names = new Set(readings.slice(1).map(({ measurement }) => measurement));
    expect(names).toEqual(new Set(series.map((line) => /^\w+/.exec(line)![0])));
  });
});

describe("the Prometheus probe against HAProxy's exporter", () => {
  it('reads the page, whose values that are no number it counts', async () => {
    await using server = await startServer('haproxy');
    const keep = ['haproxy_process_*'];
    const readings = await scrape(server.metricsUrl, keep);
    expectWellFormed(readings);
    const text = await page(server.metricsUrl);
    expect(readings[0]!.fields).toMatchObject({ series: seriesOf(text).length });
    const kept = seriesOf(text).filter((line) => line.startsWith('haproxy_process_'));
    const finite = kept.filter((line) => !line.endsWith('NaN'));
    expect(readings[0]!.fields).toMatchObject({
      series_kept: finite.length,
      series_not_finite: kept.length - finite.length,
    });
    const ulimit = Number(/^haproxy_process_max_fds (\d+)$/m.exec(text)![1]);
    expect(seriesValue(readings, 'haproxy_process_max_fds')).toBe(ulimit);
  });
});
