import { type Context, suggestLabel, VARIABLE } from './context.js';
import type { Matcher, Selector } from './expression.js';
import { ANY_LABELS, type LabelSet } from './label-set.js';
import { applyMatcher, PLACEHOLDER, type Refusal } from './matcher.js';
import { matchesPattern } from './pattern.js';
import type { Kind, Series } from './series.js';
import { type Shape, UNKNOWN } from './shape.js';

interface Tried {
  readonly series: Series;
  readonly labels: LabelSet;
  readonly refused: ReadonlyArray<{ readonly matcher: Matcher; readonly refusal: Refusal }>;
}

/** The series that a selector brings. */
export function inferSelector(selector: Selector, context: Context): Shape {
  const matchers = selector.matchers.filter(({ label }) => label !== '__name__');
  const series = candidates(selector, context);
  if (series.length === 0) {
    const labels = matchers.reduce((set, matcher) => applyMatcher(set, matcher).labels, ANY_LABELS);
    return { ...UNKNOWN, labels };
  }
  const tried = series.map((one) => tryMatchers(one, matchers));
  const passing = tried.filter(({ refused }) => refused.every(isIdle));
  const together = tryMatchers(series.reduce(merge), matchers);
  // Of several sources one may lack what another has: only what none has is wrong.
  if (passing.length > 0) reportRefused(selector, { ...together, refused: together.refused.filter(isIdle) }, context);
  else reportRefused(selector, together.refused.length > 0 ? together : nearest(tried), context);
  return (passing.length > 0 ? passing : tried)
    .map(({ series: { kind }, labels }): Shape => ({ labels, kind: kindAfter(kind, matchers) }))
    .reduce((a, b) => ({ labels: a.labels.or(b.labels), kind: a.kind === b.kind ? a.kind : 'unknown' }));
}

/** None where any series may be meant, or where there is none and that was reported. */
function candidates(selector: Selector, context: Context): readonly Series[] {
  const { name } = selector;
  if (name?.includes(VARIABLE) === true || name?.includes(PLACEHOLDER) === true) return [];
  if (name !== undefined) {
    const series = context.index.of(name);
    if (series.length === 0) {
      const { message, fix } = context.index.missing(name);
      context.report('metric', selector, message, fix);
    }
    expectScraped(selector, series, context);
    return series;
  }
  const patterns = selector.matchers.filter(({ label, operator }) => label === '__name__' && operator === '=~');
  if (patterns.length === 0 || patterns.some(({ value }) => value.includes(PLACEHOLDER))) return [];
  const names = context.index.names.filter((one) => patterns.every(({ value }) => matchesPattern(value, one)));
  if (names.length === 0) {
    const message = `asks for the names ${patterns.map(({ value }) => value).join(' and ')}, and no metric has such a one`;
    context.report('metric', selector, message, 'name metrics that are emitted');
  }
  return names.flatMap((one) => context.index.of(one));
}

function expectScraped(selector: Selector, series: readonly Series[], context: Context): void {
  const [first] = series;
  if (first?.unscraped === undefined || series.some(({ unscraped }) => unscraped === undefined)) return;
  const message = `uses ${selector.name}, which ${first.source} emits, and prometheus.yml has no job "${first.unscraped}"`;
  context.report('scrape', selector, message, 'scrape it, or use a metric of a job that is there');
}

function tryMatchers(series: Series, matchers: readonly Matcher[]): Tried {
  let labels = series.labels;
  const refused: Array<{ matcher: Matcher; refusal: Refusal }> = [];
  for (const matcher of matchers) {
    const { labels: next, refusal } = applyMatcher(labels, matcher);
    labels = next;
    if (refusal !== undefined) refused.push({ matcher, refusal });
  }
  return { series, labels, refused };
}

const isIdle = ({ refusal }: Tried['refused'][number]): boolean => refusal.why === 'idle-value';

const nearest = (tried: readonly Tried[]): Tried => tried.toSorted((a, b) => a.refused.length - b.refused.length)[0]!;

const merge = (a: Series, b: Series): Series => ({
  ...a,
  labels: a.labels.or(b.labels),
  seen: a.seen || b.seen,
  source: a.source === b.source ? a.source : `${a.source}, ${b.source}`,
});

function reportRefused(selector: Selector, { series, refused }: Tried, context: Context): void {
  const name = selector.name ?? series.name;
  for (const { matcher, refusal } of refused) {
    const asks = `asks for ${context.show(matcher)}, and`;
    if (refusal.why === 'no-label') {
      const message = `${asks} ${name} (${series.source}) has no label "${matcher.label}"`;
      context.report('label', matcher, message, suggestLabel(matcher.label, series.labels));
      continue;
    }
    const values = refusal.values.map((value) => `"${value}"`).join(', ') || 'nothing that is left';
    const has = series.seen ? 'was seen with' : 'can only be';
    const idle = refusal.why === 'idle-value';
    const message =
      refusal.wanted === '' && !idle
        ? `${asks} ${name} always has a "${matcher.label}"`
        : `${asks} "${matcher.label}" of ${name} (${series.source}) ${has} ${values}`;
    const fix = idle ? `leave ${JSON.stringify(refusal.wanted)} out, or write one of those` : 'write one of those';
    context.report('label', matcher, message, fix, series.seen ? 'warning' : undefined);
  }
}

/** One bucket by itself is a counter. */
const kindAfter = (kind: Kind, matchers: readonly Matcher[]): Kind =>
  kind === 'buckets' && matchers.some(({ label, operator }) => label === 'le' && operator === '=') ? 'counter' : kind;
