import type { Matcher } from './expression.js';
import type { LabelFact, LabelSet } from './label-set.js';
import { matchesPattern, wordsOf } from './pattern.js';

/** Stands in a value for what is put in only when the query runs, such as a variable of Grafana. */
export const PLACEHOLDER = '\uE000';

export type Refusal =
  | { readonly why: 'no-label' }
  /** No series passes. */
  | { readonly why: 'no-value'; readonly values: readonly string[]; readonly wanted: string }
  /** Others pass, but this one is named for nothing. */
  | { readonly why: 'idle-value'; readonly values: readonly string[]; readonly wanted: string };

/** The labels of the series that a matcher lets through, or why it does nothing with these. */
export function applyMatcher(labels: LabelSet, matcher: Matcher): { labels: LabelSet; refusal?: Refusal } {
  const { label, operator, value } = matcher;
  const fact = labels.of(label);
  const negative = operator.startsWith('!');
  if (value.includes(PLACEHOLDER)) {
    return fact.presence === 'never' ? { labels, refusal: { why: 'no-label' } } : { labels };
  }
  if (fact.presence === 'never') {
    // `{reason=""}` says in so many words that the label is not there.
    return operator === '=' && value === '' ? { labels } : { labels, refusal: { why: 'no-label' } };
  }
  const passes = (candidate: string) =>
    (operator.endsWith('~') ? matchesPattern(value, candidate) : value === candidate) !== negative;
  const presence = passes('') ? fact.presence : 'always';
  if (passes('') && fact.presence === 'always' && operator === '=') {
    return { labels, refusal: { why: 'no-value', values: valuesOf(fact), wanted: '' } };
  }
  const named = operator.endsWith('~') ? wordsOf(value)?.filter((word) => word !== '') : [value];
  if (fact.values === 'any') {
    const values = named !== undefined && !negative && !passes('') ? named : 'any';
    return { labels: labels.with(label, { presence, values }) };
  }
  const values = fact.values.filter(passes);
  const idle = named?.find((word) => word !== '' && !(fact.values as readonly string[]).includes(word));
  const next = labels.with(label, { presence, values });
  if (values.length === 0 && presence === 'always') {
    return { labels: next, refusal: { why: 'no-value', values: fact.values, wanted: value } };
  }
  if (idle !== undefined) return { labels: next, refusal: { why: 'idle-value', values: fact.values, wanted: idle } };
  return { labels: next };
}

const valuesOf = ({ values }: LabelFact): readonly string[] => (values === 'any' ? [] : values);
