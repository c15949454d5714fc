import type { Context } from './context.js';
import type { Call, Expression } from './expression.js';
import { type LabelSet, NO_LABELS } from './label-set.js';
import { matchesPattern } from './pattern.js';
import type { Kind } from './series.js';
import { PLAIN, type Shape, UNKNOWN } from './shape.js';

type Infer = (expression: Expression) => Shape;

const RATES = new Set(['rate', 'irate', 'increase']);
const SLOPES = new Set(['delta', 'idelta', 'deriv', 'predict_linear', 'double_exponential_smoothing']);
const SUMS_OVER_TIME = new Set(['sum_over_time', 'avg_over_time', 'quantile_over_time']);
/** What they bring is of the kind of what they get. */
const SAME_KIND = new Set(
  (
    'abs ceil floor round clamp clamp_max clamp_min sort sort_desc sort_by_label sort_by_label_desc scalar ' +
    'min_over_time max_over_time last_over_time first_over_time avg_over_time sum_over_time'
  ).split(' '),
);
const LABELLESS = new Set(['vector', 'time', 'pi', 'start', 'end', 'range', 'step', 'scalar']);

/** What a function makes of its arguments. */
export function inferCall(call: Call, context: Context, infer: Infer): Shape {
  const { name, args } = call;
  const shapes = args.map(infer);
  const at = args.findIndex(isSeries);
  const shape = shapes[at] ?? PLAIN;
  const argument = args[at];
  if (RATES.has(name)) return inferRate(call, argument!, shape, context);
  if (name === 'histogram_quantile') return inferQuantile(call, shape, context);
  if (name === 'absent' || name === 'absent_over_time') return { labels: labelsOfAbsent(argument!), kind: 'gauge' };
  if (name === 'label_replace') return inferLabelReplace(call, shape, context);
  if (name === 'label_join') return inferLabelJoin(call, shape, context);
  if (name === 'info') return { ...UNKNOWN, kind: shape.kind };
  if (name === 'timestamp') return { ...shape, kind: 'timestamp' };
  if (LABELLESS.has(name)) return { labels: NO_LABELS, kind: name === 'scalar' ? shape.kind : 'gauge' };
  if (SLOPES.has(name)) expectNoCounter(call, argument!, shape.kind, context);
  if (SUMS_OVER_TIME.has(name)) expectNoSumOfTotals(call, argument!, shape.kind, context);
  return { ...shape, kind: SAME_KIND.has(name) ? shape.kind : name === 'quantile_over_time' ? 'quantile' : 'gauge' };
}

const isSeries = ({ is }: Expression) => is !== 'number' && is !== 'string';

function inferRate(call: Call, argument: Expression, { labels, kind }: Shape, context: Context): Shape {
  const shown = context.show(argument.is === 'subquery' ? argument.inner : argument);
  const what = `takes ${call.name}() of`;
  const [, window = '[5m]'] = /(\[[^\]]*\])$/.exec(shown) ?? [];
  const bare = shown.replace(/\[[^\]]*\]$/, '');
  if (kind === 'timestamp') {
    const fix = `write time() - ${bare} for its age, or changes(${bare}${window}) for how often it moved`;
    context.report('type', call, `${what} ${bare}, which is a time and no counter`, fix);
  } else if (kind === 'gauge' || kind === 'quantile') {
    const fix = `write deriv() or delta() for a change, or avg_over_time() for a level`;
    context.report('type', call, `${what} ${bare}, which is a gauge: each fall counts as a restart`, fix);
  } else if (kind === 'rate' || kind === 'bucket-rates') {
    const fix = 'take avg_over_time() or max_over_time() of it, or deriv() for its change';
    context.report('type', call, `${what} ${shown}, which is a rate already`, fix);
  } else if (argument.is === 'subquery' && argument.inner.is === 'aggregation' && kind !== 'unknown') {
    const fix = `take the rate first: ${argument.inner.operator}(${call.name}(…))`;
    context.report('type', call, `${what} ${shown}: a restart of one looks as if all had started again`, fix);
  }
  return { labels, kind: kind === 'buckets' ? 'bucket-rates' : kind === 'unknown' ? 'unknown' : 'rate' };
}

function expectNoCounter(call: Call, argument: Expression, kind: Kind, context: Context): void {
  if (kind !== 'counter' && kind !== 'buckets') return;
  const message = `takes ${call.name}() of ${context.show(argument)}, which is a counter: a restart looks like a fall`;
  const fix = call.name === 'predict_linear' ? 'predict a gauge' : 'write rate() or increase()';
  context.report('type', call, message, fix);
}

function expectNoSumOfTotals(call: Call, argument: Expression, kind: Kind, context: Context): void {
  if (kind !== 'counter' && kind !== 'buckets') return;
  const message = `takes ${call.name}() of ${context.show(argument)}, which is a counter: each sample is a total since the start`;
  context.report('type', call, message, 'write increase() or rate()');
}

function inferQuantile(call: Call, { labels, kind }: Shape, context: Context): Shape {
  const [rank, argument] = [call.args[0]!, call.args[1]!];
  const shown = context.show(argument);
  if (rank.is === 'number' && (rank.value < 0 || rank.value > 1)) {
    const fix = rank.value > 1 && rank.value <= 100 ? `write ${rank.value / 100}` : 'write one from 0 to 1';
    context.report('type', rank, `asks histogram_quantile() for the quantile ${rank.value}, which is none`, fix);
  }
  if (kind === 'buckets') {
    const message = `takes histogram_quantile() of ${shown}: of all that was observed since the start`;
    context.report('type', call, message, 'put rate(…[5m]) around the buckets', 'warning');
  } else if (kind !== 'bucket-rates' && kind !== 'unknown') {
    const message = `takes histogram_quantile() of ${shown}, which is no histogram's buckets`;
    context.report('type', call, message, 'write the rate of the series that ends in _bucket, by (le)');
  } else if (labels.of('le').presence === 'never' && kind === 'bucket-rates') {
    context.report('type', call, `takes histogram_quantile() of ${shown}, which has no "le" left`, 'keep le');
  }
  return { labels: labels.without(['le']), kind: 'quantile' };
}

/** What is absent has the labels that its selector asks for in full. */
function labelsOfAbsent(argument: Expression): LabelSet {
  if (argument.is !== 'selector') return NO_LABELS;
  return argument.matchers
    .filter(({ operator, value }) => operator === '=' && value !== '')
    .reduce((set, { label, value }) => set.with(label, { presence: 'always', values: [value] }), NO_LABELS);
}

function inferLabelReplace(call: Call, shape: Shape, context: Context): Shape {
  const [, target, replacement, source, pattern] = call.args.map((argument) =>
    argument.is === 'string' ? argument.value : '',
  ) as [string, string, string, string, string];
  const { labels, kind } = shape;
  if (source !== '') expectSource(source, call, labels, context);
  const always = matchesPattern(pattern, '') && matchesPattern(pattern, 'any value') && !replacement.includes('$');
  const fact = labels.of(target);
  if (always && replacement === '') return { labels: labels.without([target]), kind };
  if (always) return { labels: labels.with(target, { presence: 'always', values: [replacement] }), kind };
  const presence = fact.presence === 'always' && replacement !== '' ? 'always' : 'sometimes';
  return { labels: labels.with(target, { presence, values: 'any' }), kind };
}

function inferLabelJoin(call: Call, { labels, kind }: Shape, context: Context): Shape {
  const [target = '', , ...sources] = call.args
    .slice(1)
    .map((argument) => (argument.is === 'string' ? argument.value : ''));
  for (const source of sources) expectSource(source, call, labels, context);
  const presence = sources.some((source) => labels.of(source).presence === 'always') ? 'always' : 'sometimes';
  return { labels: labels.with(target, { presence, values: 'any' }), kind };
}

function expectSource(label: string, call: Call, labels: LabelSet, context: Context): void {
  const message = `makes a label out of "${label}", which ${context.show(call.args[0]!)} does not have`;
  context.expectLabel(label, labels, call, message);
}
