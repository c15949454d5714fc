import { readString } from '../../promql/literals.js';

const LABEL = /(?:\$labels|\.Labels)\.([a-zA-Z_]\w*)|index\s+(?:\$labels|\.Labels)\s+"(\w+)"/g;
/** Beside a query `.Labels` are those of what it found. */
const LABEL_BESIDE_QUERY = /\$labels\.([a-zA-Z_]\w*)|index\s+\$labels\s+"(\w+)"/g;
const QUERY = /\bquery\s+("(?:[^"\\]|\\.)*"|`[^`]*`)/g;

const ACTION = /\{\{(.*?)\}\}/gs;

const inActions = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(ACTION)].flatMap(([, action]) =>
    [...action!.matchAll(pattern)].map(([, first, second]) => (first ?? second)!),
  );

/** The labels of the alert that a template shows: `{{ $labels.instance }}`. */
export const labelsShown = (text: string): string[] => [
  ...new Set(inActions(text, /\bquery\b/.test(text) ? LABEL_BESIDE_QUERY : LABEL)),
];

/** The expressions that a template asks Prometheus for. Those that are put together by printf are left out. */
export const queriesOf = (text: string): string[] =>
  inActions(text, QUERY).flatMap((literal) => readString(literal) ?? []);
