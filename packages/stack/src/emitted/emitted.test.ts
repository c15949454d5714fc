import { describe, expect, it } from 'vitest';
import { parseStack } from '../file/parse.js';
import { planStack } from '../plan/plan.js';
import { Emitted, type MetricType } from './emitted.js';
import { emittedBy } from './emitted-by.js';
import { EXPORTER_NAMES, exporterListOf } from './exporter-list.js';
import { ownMetrics } from './metrics-catalog.js';

const metric = (name: string, type: MetricType, source = 'a') => ({ name, type, labels: {}, source });

describe('series', () => {
  const emitted = new Emitted([
    metric('hits_total', 'counter'),
    metric('hits_total', 'gauge', 'b'),
    metric('lat', 'histogram'),
    metric('gc', 'summary'),
    metric('queue_count', 'gauge'),
    metric('queue', 'histogram'),
  ]);

  it.each([
    ['hits_total', ['value', 'value']],
    ['hits', []],
    ['lat', []],
    ['lat_bucket', ['bucket']],
    ['lat_sum', ['sum']],
    ['lat_total', []],
    ['gc', ['quantile']],
    ['gc_count', ['count']],
    ['gc_bucket', []],
    ['hits_total_count', []],
    ['queue_count', ['value', 'count']],
  ])('%s is %j', (name, parts) => {
    expect(emitted.series(name).map(({ part }) => part)).toEqual(parts);
    if (parts.length > 0) expect(emitted.seriesNames).toContain(name);
  });
});

describe('what is emitted in a stack', () => {
  const { stack } = parseStack(
    `apiVersion: breakwater/v1
kind: Stack
collectors: {targetCidrs: [10.0.0.0/8]}
services:
  - name: billing
    scrape: {targets: ["billing:9000"]}
    metrics: [{name: invoices_total, type: counter, labels: {state: [paid, open], customer: any}}]
`,
    'stack.yaml',
  );
  const emitted = emittedBy({ plan: planStack(stack), catalog: ownMetrics() });

  it.each([
    ['telemetry_probes_total', 'network-telemetry'],
    ['haproxy_backend_status', 'haproxy'],
    ['node_load1', 'node'],
    ['redis_up', 'redis'],
    ['container_last_seen', 'cadvisor'],
    ['storage_shard_write_count', 'influxdb'],
    ['prometheus_build_info', 'prometheus'],
    ['alertmanager_alerts', 'alertmanager'],
    ['grafana_build_info', 'grafana'],
    ['invoices_total', 'billing'],
  ])('%s comes with the job %s', (name, job) => {
    expect(emitted.metrics(name).map((one) => one.job)).toEqual([job]);
  });

  it('knows who all emit the same', () => {
    const jobs = emitted.metrics('process_cpu_seconds_total').map(({ job }) => job);
    expect(jobs).toEqual(expect.arrayContaining(['network-telemetry', 'prometheus', 'alertmanager', 'node']));
  });

  it('takes words for any value', () => {
    const [metric] = emitted.metrics('telemetry_sink_lines_total');
    expect(metric!.labels).toMatchObject({ sink: 'any', outcome: ['written', 'refused', 'lost'] });
    expect(emitted.metrics('invoices_total')[0]!.labels).toEqual({ state: ['paid', 'open'], customer: 'any' });
  });

  it('names no job where there is no stack', () => {
    expect(emittedBy({}).metrics('haproxy_backend_status')[0]!.job).toBeUndefined();
  });

  describe('of a library, and not by the collector', () => {
    const catalog = ownMetrics();
    const plan = planStack(stack);
    const jobs = (from: Emitted) => from.metrics('retry_calls_total').map(({ job }) => job);
    const retries = metric('retry_calls_total', 'counter', 'page.txt');

    it('is nothing that the stack has, and known all the same', () => {
      expect(jobs(emitted)).toEqual([]);
      expect(emitted.notExported('retry_calls_total')?.source).toBe('@breakwater/resilience');
      expect(emitted.notExported('telemetry_probes_total')).toBeUndefined();
    });

    it('may come from a service of a user: its page shows it, or the stack file declares it', () => {
      expect(emittedBy({ plan, catalog, pages: [retries] }).metrics('retry_calls_total')).toEqual([retries]);
      const metrics = [{ name: 'retry_calls_total', type: 'counter' as const, labels: {} }];
      const declaring = { ...plan, stack: { ...stack, services: [{ ...stack.services[0]!, metrics }] } };
      expect(jobs(emittedBy({ plan: declaring, catalog }))).toEqual(['billing']);
    });

    it('may come from anybody where there is no stack', () => {
      const anybody = emittedBy({ catalog });
      expect(anybody.metrics('retry_calls_total')).toHaveLength(1);
      expect(anybody.notExported('retry_calls_total')).toBeUndefined();
    });

    it('is known by the names of its series too', () => {
      const histogram = new Emitted([], [metric('lat', 'histogram')]);
      expect(['lat', 'lat_bucket', 'lat_sum', 'lat_total'].map((name) => histogram.notExported(name)?.name)).toEqual([
        'lat',
        'lat',
        'lat',
        undefined,
      ]);
    });
  });
});

it.each(EXPORTER_NAMES)('the list of %s names each metric once, and only labels it has', (name) => {
  const { metrics, source, version } = exporterListOf(name);
  expect(source).toMatch(/^(?:https:\/\/|\/metrics of )/);
  expect(version).toMatch(/^\d+\.\d+/);
  expect(metrics.length).toBeGreaterThan(50);
  expect(new Set(metrics.map((one) => one.name)).size).toBe(metrics.length);
  for (const { labels, sometimes = [] } of metrics)
    expect(Object.keys(labels)).toEqual(expect.arrayContaining(sometimes));
});
