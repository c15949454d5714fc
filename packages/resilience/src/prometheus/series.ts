import type { Sample } from '../metrics/collect.js';
import type { HistogramValue, Labels, MetricDefinition } from '../metrics/definition.js';

/** One line of an exposition, as prom-client's metrics give it to their registry. */
export interface Line {
  /** Where it is not the metric's own: `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

type Value = number | HistogramValue;

/**
 * The lines of one metric. Samples with the same labels are one series: their values add up.
 * @throws Error when a sample does not fit the definition.
 */
export function linesOf(definition: MetricDefinition, samples: readonly Sample[]): Line[] {
  const names = Object.keys(definition.labels);
  const series = new Map<string, { readonly labels: Labels; value: Value }>();
  for (const { labels, value } of samples) {
    checkSample(definition, names, labels, value);
    const key = JSON.stringify(names.map((name) => labels[name]));
    const known = series.get(key);
    if (known === undefined) series.set(key, { labels: inOrder(names, labels), value });
    else known.value = sum(known.value, value);
  }
  return [...series.values()].flatMap(({ labels, value }) =>
    typeof value === 'number' ? [{ labels, value }] : histogramLines(definition, labels, value),
  );
}

function checkSample(
  { name, type, buckets = [] }: MetricDefinition,
  names: string[],
  labels: Labels,
  value: Value,
): void {
  const given = Object.keys(labels);
  if (given.length !== names.length || !names.every((label) => typeof labels[label] === 'string')) {
    throw new Error(`metric ${name} has a sample with labels [${given}]; its definition has [${names}]`);
  }
  const isHistogram = type === 'histogram';
  const fits = typeof value === 'number' ? !isHistogram : isHistogram && value.counts.length === buckets.length + 1;
  const kind = isHistogram ? `histogram with ${buckets.length} buckets` : type;
  if (!fits) throw new Error(`metric ${name} is a ${kind}, and has a sample whose value is none`);
}

const inOrder = (names: readonly string[], labels: Labels): Labels =>
  Object.fromEntries(names.map((name) => [name, labels[name]!]));

function sum(a: Value, b: Value): Value {
  if (typeof a === 'number' || typeof b === 'number') return (a as number) + (b as number);
  return { counts: a.counts.map((count, bucket) => count + b.counts[bucket]!), sum: a.sum + b.sum };
}

/** Prometheus' buckets are cumulative: each counts what is at or below its bound. */
function histogramLines({ name, buckets = [] }: MetricDefinition, labels: Labels, value: HistogramValue): Line[] {
  let count = 0;
  const lines: Line[] = value.counts.map((inBucket, index) => {
    count += inBucket;
    return { metricName: `${name}_bucket`, labels: { le: buckets[index] ?? '+Inf', ...labels }, value: count };
  });
  lines.push(
    { metricName: `${name}_sum`, labels, value: value.sum },
    { metricName: `${name}_count`, labels, value: count },
  );
  return lines;
}
