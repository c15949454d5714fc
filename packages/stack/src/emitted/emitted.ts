export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** A metric that some process really has on its page. */
export interface EmittedMetric {
  /** Without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  readonly type: MetricType;
  /** By label: the values it can have, or `any` where they cannot be listed. */
  readonly labels: Readonly<Record<string, readonly string[] | 'any'>>;
  /** Who emits it: a package, an exporter, a service of the stack file, a saved page. */
  readonly source: string;
}

/** A series that a query can name, and the metric that it belongs to. */
export interface EmittedSeries {
  readonly metric: EmittedMetric;
  readonly part: 'value' | 'bucket' | 'sum' | 'count' | 'quantile';
}

/** Every metric that is emitted by something in the stack. */
export class Emitted {
  readonly #metrics: ReadonlyMap<string, EmittedMetric>;

  constructor(metrics: Iterable<EmittedMetric>) {
    this.#metrics = new Map([...metrics].map((metric) => [metric.name, metric]));
  }

  get names(): readonly string[] {
    return [...this.#metrics.keys()];
  }

  metric(name: string): EmittedMetric | undefined {
    return this.#metrics.get(name);
  }

  /** Undefined for a name that no series has, the bare name of a histogram among them. */
  series(name: string): EmittedSeries | undefined {
    const whole = this.#metrics.get(name);
    if (whole !== undefined && whole.type !== 'histogram') {
      return { metric: whole, part: whole.type === 'summary' ? 'quantile' : 'value' };
    }
    const [, base, part] = /^(.+)_(bucket|sum|count)$/.exec(name) ?? [];
    const metric = base === undefined ? undefined : this.#metrics.get(base);
    if (metric?.type !== 'histogram' && metric?.type !== 'summary') return undefined;
    if (part === 'bucket' && metric.type === 'summary') return undefined;
    return { metric, part: part as 'bucket' | 'sum' | 'count' };
  }
}
