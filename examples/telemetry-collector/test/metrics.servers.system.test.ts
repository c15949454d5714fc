import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startServer } from '@breakwater/testbed';
import { afterEach, describe, expect, it } from 'vitest';
import { RunningCollector } from './running-collector.suite.js';

const catalog = JSON.parse(readFileSync(new URL('../../../metrics.catalog.json', import.meta.url), 'utf8')) as {
  metrics: Array<{ name: string; type: string; labels: Record<string, unknown>; exportedByCollector: boolean }>;
};

/** The names of the series on a page of metrics, those of histograms without their endings, and their labels. */
function seriesOn(page: string): Map<string, Set<string>> {
  const histograms = new Set([...page.matchAll(/^# TYPE (\S+) histogram$/gm)].map(([, name]) => name!));
  const series = new Map<string, Set<string>>();
  for (const [, name, labels = ''] of page.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)) {
    const base = name!.replace(/_(?:bucket|sum|count)$/, '');
    const found = histograms.has(base) ? base : name!;
    const seen = series.get(found) ?? new Set();
    for (const [, label] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') seen.add(label!);
    series.set(found, seen);
  }
  return series;
}

describe('the metrics catalog', () => {
  let collector: RunningCollector;
  afterEach(() => collector.remove());

  it('says of each metric whether the built collector shows it, and with which labels, and lacks none that it shows', async () => {
    // The first write is put off, so that something is sent again.
    let refusals = 1;
    const influx = createServer((request, response) => {
      request.resume();
      response.writeHead(request.method === 'POST' && refusals-- > 0 ? 503 : 204).end();
    });
    await new Promise<void>((resolve) => influx.listen(0, '127.0.0.1', resolve));
    const { port } = influx.address() as AddressInfo;
    await using redis = await startServer('redis');
    collector = await RunningCollector.start({
      targets: [
        'apiVersion: breakwater/v1',
        'kind: Targets',
        'defaults: { interval: 1s, timeout: 1s }',
        'targets:',
        '  - { name: self, probe: host }',
        `  - { name: page, probe: http, url: "http://localhost:${port}/" }`,
        '  - { name: refused, probe: tcp, host: 127.0.0.1, port: 1, limit: { key: refusing, concurrent: 1 } }',
      ].join('\n'),
      env: {
        INFLUX_URLS: `http://127.0.0.1:${port},http://127.0.0.1:1`,
        INFLUX_BUCKET: 'telemetry',
        FILE_SINK: 'on',
        REDIS_URL: redis.url,
        SHARED_BREAKER: 'on',
        FLEET_LEASE: '2',
      },
    });
    // A server with points that wait is taken out of the configuration: its lane is an orphan.
    const owed = async () => (await (await collector.ask('/health/lanes/127.0.0.1:1')).json()) as object;
    await expect.poll(owed, { timeout: 60_000, interval: 500 }).toMatchObject({ hold: { reason: 'network' } });
    await collector.kill();
    refusals = 1;
    await collector.restart({ INFLUX_URLS: `http://127.0.0.1:${port}` });
    const known = catalog.metrics.filter(({ exportedByCollector }) => exportedByCollector);
    let shown = new Map<string, Set<string>>();
    const missing = async () => {
      shown = seriesOn(await (await collector.ask('/metrics')).text());
      return known.filter(({ name }) => !shown.has(name)).map(({ name }) => name);
    };
    await expect.poll(missing, { timeout: 60_000, interval: 500 }).toEqual([]);
    for (const { name, labels } of known)
      expect([name, ...[...shown.get(name)!].sort()]).toEqual([name, ...Object.keys(labels).sort()]);
    // What it has come to show since leaves the list in scripts/catalog/collector.ts.
    expect([...shown.keys()].filter((name) => known.every((metric) => metric.name !== name))).toEqual([]);
    collector.signal('SIGTERM');
    expect(await collector.ended()).toBe(0);
    influx.close();
  });
});
