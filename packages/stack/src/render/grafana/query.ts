/** The series of the job and the instances that are chosen at the top of a dashboard. */
const CHOSEN = 'job=~"$job",instance=~"$instance"';

/** `metric{...}` of the chosen instances, with further matchers; an empty one is none. */
export const chosen = (metric: string, ...matchers: readonly string[]): string =>
  `${metric}{${[CHOSEN, ...matchers].filter((matcher) => matcher !== '').join(',')}}`;

/** How many of the chosen instances Prometheus can ask. */
export const ANSWERING = `count(${chosen('up')} == 1)`;

/** How much a counter grows in a second. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;

export const sum = (expr: string, ...labels: readonly string[]): string => aggregate('sum', expr, labels);
export const max = (expr: string, ...labels: readonly string[]): string => aggregate('max', expr, labels);
export const min = (expr: string, ...labels: readonly string[]): string => aggregate('min', expr, labels);

const aggregate = (operator: string, expr: string, labels: readonly string[]): string =>
  `${operator}${labels.length === 0 ? '' : ` by (${labels.join(', ')}) `}(${expr})`;

/** A quantile of a histogram, over the chosen instances. */
export const quantile = (share: number, histogram: string, matchers: string, ...labels: readonly string[]): string =>
  `histogram_quantile(${share}, ${sum(rate(chosen(`${histogram}_bucket`, matchers)), ...labels, 'le')})`;

/** Zero where nothing matches. */
export const orZero = (expr: string): string => `${expr} or vector(0)`;
