import type { Check } from '../check.js';
import { adapterFindings } from './adapter-check.js';
import { analyse, type MetricsFinding } from './analysis.js';
import { hpaFindings } from './hpa-check.js';
import { signalFindings } from './scaling-signal.js';

const about = (id: string, holds: string, codes: ReadonlyArray<MetricsFinding['code']>): Check => ({
  id,
  holds,
  run: (artifacts) =>
    analyse(artifacts)
      .filter(({ code }) => codes.includes(code))
      .map(({ code: _, ...finding }) => finding),
});

export const metricsChecks: readonly Check[] = [
  about('promql', 'Every expression of a rule, panel or trigger can be read', ['syntax']),
  about('metric-emitted', 'Every metric that an expression uses is emitted by something in the stack', ['metric']),
  about('metric-scraped', 'Prometheus scrapes who emits the metrics that are used', ['scrape']),
  about('metric-label', 'Every label that an expression uses is there, with a value that it can have', ['label']),
  about('metric-type', 'Counters are rated, gauges are not, and quantiles come from buckets', ['type']),
  about('vector-match', 'What an operator puts together can match, one to one or as it says', ['matching']),
  about('template-label', 'Annotations and legends show labels that the expression brings', ['template']),
  {
    id: 'adapter-rule',
    holds: 'The queries of a prometheus-adapter rule bring a series for each pod that it is asked for',
    run: adapterFindings,
  },
  {
    id: 'hpa-metric',
    holds: 'Every custom metric of an HPA is made by a prometheus-adapter rule',
    run: hpaFindings,
  },
  {
    id: 'hpa-signal',
    holds: 'An HPA scales on what falls as pods are added',
    run: signalFindings,
  },
];
