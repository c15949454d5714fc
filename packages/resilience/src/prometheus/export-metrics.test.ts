import { createRequire } from 'node:module';
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import type { HistogramValue, Labels, Measured, MetricDefinition } from '../metrics/definition.js';
import { Histogram } from '../metrics/histogram.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { exportMetrics } from './export-metrics.js';

const CALLS: MetricDefinition = {
  name: 'calls_total',
  type: 'counter',
  help: 'Calls\nthat "ran", with a \\',
  labels: { policy: 'one per policy' },
};
const WAITS: MetricDefinition = {
  name: 'wait_seconds',
  type: 'histogram',
  help: 'Waits',
  labels: { policy: 'one per policy' },
  buckets: [0.1, 1],
};
const QUEUED: MetricDefinition = { name: 'queued_items', type: 'gauge', help: 'Queued', labels: {} };

/** A source that says what the test lets it say, and counts how often it is asked. */
class Fake implements Measured {
  asked = 0;
  samples: Array<[MetricDefinition, Labels, number | HistogramValue]>;

  constructor(...samples: Array<[MetricDefinition, Labels, number | HistogramValue]>) {
    this.samples = samples;
  }

  measure(record: (definition: MetricDefinition, labels: Labels, value: number | HistogramValue) => void): void {
    this.asked++;
    for (const sample of this.samples) record(...sample);
  }
}

const calls = (policy: string, value: number) => new Fake([CALLS, { policy }, value]);

/** The lines of a page without its comments. */
const series = async (registry: Registry): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('exportMetrics', () => {
  it('shows counters, gauges and histograms as Prometheus reads them, names, help and labels escaped', async () => {
    const registry = new Registry();
    const waits = new Histogram(WAITS.buckets!);
    waits.observe(0.05);
    waits.observe(3);
    exportMetrics(registry, [
      new Fake([CALLS, { policy: 'a "b" \\ \n c' }, 3], [QUEUED, {}, 0.5], [WAITS, { policy: 'a' }, waits]),
    ]);
    expect(await registry.metrics()).toBe(
      [
        '# HELP calls_total Calls\\nthat "ran", with a \\\\',
        '# TYPE calls_total counter',
        'calls_total{policy="a \\"b\\" \\\\ \\n c"} 3',
        '',
        '# HELP queued_items Queued',
        '# TYPE queued_items gauge',
        'queued_items 0.5',
        '',
        '# HELP wait_seconds Waits',
        '# TYPE wait_seconds histogram',
        'wait_seconds_bucket{le="0.1",policy="a"} 1',
        'wait_seconds_bucket{le="1",policy="a"} 1',
        'wait_seconds_bucket{le="+Inf",policy="a"} 2',
        'wait_seconds_sum{policy="a"} 3.05',
        'wait_seconds_count{policy="a"} 2',
        '',
      ].join('\n'),
    );
  });

  it('reads the sources when the registry collects, each once for all its metrics', async () => {
    const registry = new Registry();
    const source = new Fake([CALLS, { policy: 'a' }, 1], [QUEUED, {}, 2]);
    exportMetrics(registry, [source]);
    const before = source.asked;
    source.samples = [
      [CALLS, { policy: 'a' }, 5],
      [QUEUED, {}, 6],
    ];
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 5', 'queued_items 6']);
    expect(source.asked).toBe(before + 1);
    source.samples = [[CALLS, { policy: 'a' }, 7]];
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 7']);
  });

  it('merges sources that know the same metric, and adds up those with the same labels', async () => {
    const registry = new Registry();
    exportMetrics(registry, [calls('a', 1), calls('b', 2), calls('a', 10)]);
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 11', 'calls_total{policy="b"} 2']);
    expect((await registry.metrics()).match(/# TYPE/g)).toHaveLength(1);
  });

  it('takes a copy of a definition for the same metric', async () => {
    const registry = new Registry();
    const { help: _, ...copied } = CALLS;
    exportMetrics(registry, [
      calls('a', 1),
      new Fake([{ ...copied, help: 'of another version', labels: { policy: 'in other words' } }, { policy: 'b' }, 2]),
    ]);
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1', 'calls_total{policy="b"} 2']);
  });

  it.each<[string, Partial<MetricDefinition>]>([
    ['type', { type: 'gauge' }],
    ['labels', { labels: { policy: 'one per policy', outcome: ['good'] } }],
    ['buckets', { buckets: [1] }],
  ])('refuses two metrics of one name with different %s, and adds nothing', async (_, difference) => {
    const registry = new Registry();
    const exported = exportMetrics(registry, [calls('a', 1)]);
    const other = { ...CALLS, ...difference };
    expect(() => exported.add(new Fake([QUEUED, {}, 1], [other, { policy: 'b' }, 2]))).toThrow(ConfigError);
    expect(() => exported.add(new Fake([other, { policy: 'b' }, 2]))).toThrow(
      'metric calls_total has two definitions that differ; rename one of them',
    );
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1']);
    expect(registry.getMetricsAsArray()).toHaveLength(1);
  });

  it('refuses a name that a metric of somebody else has, and adds nothing', async () => {
    const registry = new Registry();
    new Counter({ name: 'calls_total', help: 'Mine', registers: [registry] });
    const source = new Fake([QUEUED, {}, 1], [CALLS, { policy: 'a' }, 1]);
    expect(() => exportMetrics(registry, [source])).toThrow(ConfigError);
    expect(() => exportMetrics(registry, [source])).toThrow(
      'metric calls_total is in the registry already, and is another; export to a registry without it',
    );
    expect(await series(registry)).toEqual(['calls_total 0']);
    exportMetrics(registry, [new Fake([QUEUED, {}, 1])]);
    expect(await series(registry)).toEqual(['calls_total 0', 'queued_items 1']);
  });

  it('keeps others from taking a name of ours', () => {
    const registry = new Registry();
    exportMetrics(registry, [calls('a', 1)]);
    expect(() => new Counter({ name: 'calls_total', help: 'Mine', registers: [registry] })).toThrow(
      'already been registered',
    );
  });

  it('exports further sources until they are disposed', async () => {
    const registry = new Registry();
    const exported = exportMetrics(registry, [calls('a', 1)]);
    const more = exported.add(calls('b', 2), new Fake([QUEUED, {}, 3]));
    expect(await series(registry)).toHaveLength(3);
    more[Symbol.dispose]();
    more[Symbol.dispose]();
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1']);
    expect(registry.getSingleMetric('queued_items')).toBeUndefined();
  });

  it('ends with everything that was added when it is disposed', async () => {
    const registry = new Registry();
    new Gauge({ name: 'mine', help: 'Mine', registers: [registry] }).set(1);
    const exported = exportMetrics(registry, [calls('a', 1)]);
    exported.add(new Fake([QUEUED, {}, 3]));
    exported[Symbol.dispose]();
    exported[Symbol.dispose]();
    expect(await series(registry)).toEqual(['mine 1']);
  });

  it('shares a registry with other exports, and counts a source that both have once', async () => {
    const registry = new Registry();
    const shared = calls('a', 1);
    const first = exportMetrics(registry, [shared]);
    const second = exportMetrics(registry, [shared, calls('b', 2)]);
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1', 'calls_total{policy="b"} 2']);
    second[Symbol.dispose]();
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1']);
    first[Symbol.dispose]();
    expect(await series(registry)).toEqual([]);
  });

  it('exports to several registries at once', async () => {
    const registries = [new Registry(), new Registry()];
    const source = calls('a', 1);
    const [first] = registries.map((registry) => exportMetrics(registry, [source]));
    first![Symbol.dispose]();
    expect(await series(registries[0]!)).toEqual([]);
    expect(await series(registries[1]!)).toEqual(['calls_total{policy="a"} 1']);
  });

  it('keeps a metric while its source has nothing to say of it', async () => {
    const registry = new Registry();
    const source = calls('a', 1);
    const exported = exportMetrics(registry, [source]);
    source.samples = [];
    exported.add(new Fake([QUEUED, {}, 3]))[Symbol.dispose]();
    expect(await registry.metrics()).toContain('# TYPE calls_total counter');
  });

  it('shows a metric that a source tells of later at the collection after', async () => {
    const registry = new Registry();
    const source = calls('a', 1);
    exportMetrics(registry, [source]);
    source.samples.push([QUEUED, {}, 3]);
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1']);
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1', 'queued_items 3']);
  });

  it('fails the collection in which a source tells of a metric whose name is taken', async () => {
    const registry = new Registry();
    new Gauge({ name: 'queued_items', help: 'Mine', registers: [registry] });
    const source = calls('a', 1);
    exportMetrics(registry, [source]);
    source.samples.push([QUEUED, {}, 3]);
    await expect(registry.metrics()).rejects.toThrow('metric queued_items is in the registry already');
  });

  it('fails the collection when a source fails, and recovers with it', async () => {
    const registry = new Registry();
    const source = calls('a', 1);
    exportMetrics(registry, [source, new Fake([QUEUED, {}, 3])]);
    const { samples } = source;
    source.samples = [[CALLS, { key: 'k' }, 1]];
    await expect(registry.metrics()).rejects.toThrow('metric calls_total has a sample with labels [key]');
    source.samples = samples;
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1', 'queued_items 3']);
  });

  it('registers again after the registry was cleared', async () => {
    const registry = new Registry();
    const exported = exportMetrics(registry, [calls('a', 1)]);
    registry.clear();
    exported.add(calls('b', 2));
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 1', 'calls_total{policy="b"} 2']);
  });

  it('leaves a metric alone that took the place of ours after the registry was cleared', async () => {
    const registry = new Registry();
    const exported = exportMetrics(registry, [calls('a', 1)]);
    registry.clear();
    new Counter({ name: 'calls_total', help: 'Mine', registers: [registry] });
    exported[Symbol.dispose]();
    expect(await series(registry)).toEqual(['calls_total 0']);
  });

  it("keeps the numbers when the registry is reset: they are the policies' own", async () => {
    const registry = new Registry();
    exportMetrics(registry, [calls('a', 3)]);
    registry.resetMetrics();
    expect(await series(registry)).toEqual(['calls_total{policy="a"} 3']);
  });

  it('speaks OpenMetrics', async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    exportMetrics(registry, [calls('a', 3)]);
    for (let collection = 0; collection < 2; collection++) {
      expect(await registry.metrics()).toBe(
        [
          '# HELP calls Calls\\nthat "ran", with a \\\\',
          '# TYPE calls counter',
          'calls_total{policy="a"} 3',
          '# EOF',
          '',
        ].join('\n'),
      );
    }
  });

  it('takes the default labels of the registry', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ site: 'fra1' });
    exportMetrics(registry, [calls('a', 3)]);
    expect(await series(registry)).toEqual(['calls_total{policy="a",site="fra1"} 3']);
  });

  it('is merged and aggregated over the workers of a cluster', async () => {
    const workers = [1, 2].map((value) => {
      const registry = new Registry();
      const waits = new Histogram(WAITS.buckets!);
      waits.observe(value);
      exportMetrics(registry, [new Fake([CALLS, { policy: 'a' }, value], [WAITS, { policy: 'a' }, waits])]);
      return registry;
    });
    expect(await series(Registry.merge([workers[0]!]))).toHaveLength(6);
    const pages = await Promise.all(workers.map((registry) => registry.getMetricsAsJSON()));
    expect(await series(AggregatorRegistry.aggregate(pages))).toEqual([
      'calls_total{policy="a"} 3',
      'wait_seconds_bucket{le="0.1",policy="a"} 0',
      'wait_seconds_bucket{le="1",policy="a"} 1',
      'wait_seconds_bucket{le="+Inf",policy="a"} 2',
      'wait_seconds_sum{policy="a"} 3',
      'wait_seconds_count{policy="a"} 2',
    ]);
  });

  it('works with another copy of prom-client, beside this one', async () => {
    const require = createRequire(import.meta.url);
    for (const file of Object.keys(require.cache)) if (file.includes('/prom-client/')) delete require.cache[file];
    const Copy = (require('prom-client') as { Registry: typeof Registry }).Registry;
    expect(Copy).not.toBe(Registry);
    const registries = [new Registry(), new Copy()];
    for (const registry of registries) exportMetrics(registry, [calls('a', 3)]);
    for (const registry of registries) expect(await series(registry)).toEqual(['calls_total{policy="a"} 3']);
  });

  it('shows what a policy did', async () => {
    const registry = new Registry();
    const clock = new VirtualClock();
    const policy = timeout({ name: 'slow', timeoutMs: 10, clock });
    exportMetrics(registry, [policy]);
    policy.execute(() => new Promise(() => {})).catch(() => {});
    await clock.advance(10);
    expect(await series(registry)).toContain('timeout_expired_total{policy="slow",stalled="no"} 1');
  });
});
