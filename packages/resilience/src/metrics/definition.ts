/** The values that a label may take: a list, or in words what bounds them. */
export type LabelValues = readonly string[] | string;

/** A metric as data: what `/metrics` shows, what the catalog lists, and what dashboards and alerts are checked against. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram's buckets, without +Inf. */
  readonly buckets?: readonly number[];
}

export type Labels = Readonly<Record<string, string>>;

/** Takes one value of a metric: a number, or a histogram's counts. */
export type Recorder = (definition: MetricDefinition, labels: Labels, value: number | HistogramValue) => void;

export interface HistogramValue {
  /** Observations in each bucket alone (not summed up); one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Something that can be asked for its metrics. Its hot path bumps plain numbers; they are read when a registry collects. */
export interface Measured {
  measure(record: Recorder): void;
}
