export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** A metric that some process really has on its page. */
export interface EmittedMetric {
  /** Without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  readonly type: MetricType;
  /** By label: the values it can have, or `any` where they cannot be listed. */
  readonly labels: Readonly<Record<string, readonly string[] | 'any'>>;
  /** Labels of those that not every series has. */
  readonly sometimes?: readonly string[];
  /** Whether the values are those that were seen once: others may come. */
  readonly seen?: boolean;
  /** Who emits it: a package, an exporter, a service of the stack file, a saved page. */
  readonly source: string;
  /** The scrape job that brings it to Prometheus; undefined where any may. */
  readonly job?: string;
}

/** Series that a query can name, and the metric that they belong to. */
export interface EmittedSeries {
  readonly metric: EmittedMetric;
  readonly part: 'value' | 'bucket' | 'sum' | 'count' | 'quantile';
}

/** Every metric that is emitted by something in the stack. Several may emit the same one. */
export class Emitted {
  readonly #metrics = new Map<string, EmittedMetric[]>();
  readonly #notExported: readonly EmittedMetric[];

  /** `notExported`: what our libraries can have beside, and the collector does not export. */
  constructor(metrics: Iterable<EmittedMetric>, notExported: readonly EmittedMetric[] = []) {
    this.#notExported = notExported;
    for (const metric of metrics) {
      const same = this.#metrics.get(metric.name);
      if (same === undefined) this.#metrics.set(metric.name, [metric]);
      else same.push(metric);
    }
  }

  get names(): readonly string[] {
    return [...this.#metrics.keys()];
  }

  /** What everybody emits under a name. */
  metrics(name: string): readonly EmittedMetric[] {
    return this.#metrics.get(name) ?? [];
  }

  /** Of a name or one of its series: the metric of a library of ours that the collector does not export. */
  notExported(name: string): EmittedMetric | undefined {
    return this.#notExported.find((metric) =>
      ['', ...SUFFIXES[metric.type]].some((suffix) => metric.name + suffix === name),
    );
  }

  /** The names of all series: a histogram has three. */
  get seriesNames(): readonly string[] {
    return [...this.#metrics].flatMap(([name, metrics]) =>
      metrics.flatMap(({ type }) => SUFFIXES[type].map((s) => name + s)),
    );
  }

  /** Empty for a name that no series has, the bare name of a histogram among them. */
  series(name: string): readonly EmittedSeries[] {
    const whole = this.metrics(name)
      .filter(({ type }) => type !== 'histogram')
      .map((metric) => ({ metric, part: metric.type === 'summary' ? ('quantile' as const) : ('value' as const) }));
    const [, base, part] = /^(.+)_(bucket|sum|count)$/.exec(name) ?? [];
    if (base === undefined) return whole;
    const parts = this.metrics(base)
      .filter(({ type }) => SUFFIXES[type].includes(`_${part}`))
      .map((metric) => ({ metric, part: part as 'bucket' | 'sum' | 'count' }));
    return [...whole, ...parts];
  }
}

const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  untyped: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};
