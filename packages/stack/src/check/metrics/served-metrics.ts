import { type LabelFact, LabelSet } from '../../promql/label-set.js';
import { parsePromql } from '../../promql/parse.js';
import { matchesPattern } from '../../promql/pattern.js';
import type { Artifacts } from '../artifacts.js';
import { type AdapterRule, passesFilters, servedName } from './adapter-rules.js';
import { readRules } from './rule-files.js';
import { SeriesBook } from './series-book.js';

const ANY: LabelFact = { presence: 'always', values: 'any' };
const PERHAPS: LabelFact = { presence: 'sometimes', values: 'any' };

/** What scraping pods in Kubernetes adds, as kube-prometheus and the chart of Prometheus have it. */
const POD_TARGET = new LabelSet(
  new Map([
    ...['job', 'instance', 'namespace', 'pod'].map((label) => [label, ANY] as const),
    ...['container', 'node', 'service', 'endpoint', 'cluster', 'app'].map((label) => [label, PERHAPS] as const),
  ]),
  false,
);

/** The series that Prometheus has in the cluster. */
export function clusterBook(artifacts: Artifacts): SeriesBook | undefined {
  const { emitted } = artifacts;
  if (emitted === undefined) return undefined;
  const { recordings } = readRules(artifacts);
  return new SeriesBook({ emitted, jobs: undefined, recordings, alerts: [], unknownTarget: POD_TARGET });
}

/** A metric that the adapter serves, and the labels that its series have. */
export interface ServedMetric {
  readonly name: string;
  readonly external: boolean;
  readonly series: string;
  readonly labels: LabelSet;
}

export function servedMetrics(rules: readonly AdapterRule[], book: SeriesBook): ServedMetric[] {
  return rules.flatMap((rule) =>
    seriesFound(rule, book).flatMap((series) => {
      const name = servedName(rule, series);
      const labels = book
        .of(series)
        .map((one) => one.labels)
        .reduce((a, b) => a.or(b));
      return name === undefined ? [] : [{ name, external: rule.external, series, labels }];
    }),
  );
}

/** The names of the series that a rule's seriesQuery finds. */
export function seriesFound(rule: AdapterRule, book: SeriesBook): string[] {
  const parsed = parsePromql(rule.seriesQuery);
  if ('mistake' in parsed || parsed.expression.is !== 'selector') return [];
  const { name, matchers } = parsed.expression;
  const patterns = matchers.filter(({ label, operator }) => label === '__name__' && operator === '=~');
  const names =
    name === undefined
      ? book.names.filter((one) => patterns.length > 0 && patterns.every(({ value }) => matchesPattern(value, one)))
      : book.of(name).length > 0
        ? [name]
        : [];
  return names.filter((one) => passesFilters(rule, one));
}
