import { type Context, VARIABLE } from './context.js';
import type { Aggregation } from './expression.js';
import { ANY_LABELS, type LabelSet, NO_LABELS } from './label-set.js';
import type { Kind } from './series.js';
import type { Shape } from './shape.js';

const CHOOSING = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);
const ADDING = new Set(['sum', 'avg', 'stddev', 'stdvar']);

/** What an aggregation leaves of the labels and the kind of what it aggregates. */
export function inferAggregation(aggregation: Aggregation, inner: Shape, context: Context): Shape {
  const { operator, parameter } = aggregation;
  const kept = keptLabels(aggregation, inner.labels, context);
  if (CHOOSING.has(operator)) return inner;
  const counted = parameter?.is === 'string' && operator === 'count_values' ? parameter.value : undefined;
  const labels = counted === undefined ? kept : kept.with(counted, { presence: 'always', values: 'any' });
  return { labels, kind: kindOf(aggregation, inner.kind, labels, context) };
}

function keptLabels({ grouping, inner }: Aggregation, labels: LabelSet, context: Context): LabelSet {
  if (grouping === undefined) return NO_LABELS;
  for (const label of grouping.labels) {
    const does = grouping.by ? 'groups by' : 'takes away';
    const message = `${does} "${label}", a label that ${context.show(inner)} does not have`;
    context.expectLabel(label, labels, grouping, message, grouping.by ? undefined : 'warning');
  }
  if (!grouping.by) return labels.without(grouping.labels);
  return grouping.labels.includes(VARIABLE) ? ANY_LABELS : labels.only(grouping.labels);
}

function kindOf(aggregation: Aggregation, kind: Kind, labels: LabelSet, context: Context): Kind {
  const { operator, inner } = aggregation;
  const shown = context.show(inner);
  if (operator === 'quantile') return 'quantile';
  if (operator === 'min' || operator === 'max') return kind;
  if (!ADDING.has(operator)) return 'gauge';
  if (kind === 'quantile') {
    const message = `takes ${operator}() of ${shown}, which are quantiles: the result is no quantile of anything`;
    const fix = 'take histogram_quantile() of the sum of the buckets, or max() for the worst one';
    context.report('type', aggregation, message, fix);
  }
  if ((kind === 'buckets' || kind === 'bucket-rates') && labels.of('le').presence === 'never') {
    const message = `takes ${operator}() of ${shown} and drops "le": each observation is in many buckets, and counts in each`;
    const fix = `keep it: ${operator} by (le${labels.possible.map((label) => `, ${label}`).join('')}) (…); to count, use the series that ends in _count`;
    context.report('type', aggregation, message, fix);
    return 'unknown';
  }
  return kind === 'timestamp' ? 'gauge' : kind;
}
