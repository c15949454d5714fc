import { asList, asRecord, type Value } from './manifest.js';

export type Labels = Readonly<Record<string, string>>;

export const labelsOf = (value: unknown): Labels =>
  Object.fromEntries(Object.entries(asRecord(value)).map(([name, label]) => [name, String(label)]));

/** Whether a LabelSelector selects these labels; an empty one selects all. */
export function selects(selector: unknown, labels: Labels): boolean {
  const { matchLabels, matchExpressions } = asRecord(selector);
  return matchesAll(matchLabels, labels) && asList(matchExpressions).every((expression) => holds(expression, labels));
}

/** Whether the labels have all that a plain map names. */
export const matchesAll = (wanted: unknown, labels: Labels): boolean =>
  Object.entries(labelsOf(wanted)).every(([name, label]) => labels[name] === label);

function holds({ key, operator, values }: Value, labels: Labels): boolean {
  const label = labels[String(key)];
  const listed = Array.isArray(values) && label !== undefined && values.includes(label);
  if (operator === 'In') return listed;
  if (operator === 'NotIn') return !listed;
  return operator === 'Exists' ? label !== undefined : label === undefined;
}

export const showLabels = (labels: unknown): string =>
  Object.entries(labelsOf(labels))
    .map(([name, label]) => `${name}=${label}`)
    .join(',') || 'no labels';
