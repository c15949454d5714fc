import type { FieldValue } from '../probes/probe.js';

/** Why a field cannot be written. Bounded, so that it can be a metric label. */
export const UNWRITABLE = ['not-finite', 'out-of-range', 'unnamed'] as const;
export type Unwritable = (typeof UNWRITABLE)[number];

export interface Point {
  /** Not empty. */
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
}

/**
 * One line of line protocol, without a line end: `measurement,tag=value field=value timestamp`.
 *
 * - Tags are sorted by key, which is what InfluxDB would do; tags without a key or a value are left out.
 * - A bigint is an integer (`1i`), a number a float, so that a field keeps its type when a measured value happens to be
 *   whole. What the protocol has no form for (NaN, infinities, integers beyond 64 bits) is left out and reported.
 * - Line protocol cannot carry line ends outside of quotes and many readers split lines inside of them: everywhere they
 *   become the two characters `\n`. Nor can it carry a backslash before a comma, an equals sign, a blank or the end of
 *   a name or tag, where it would escape what follows: those backslashes become slashes.
 * - A `#` at the beginning would make the line a comment: it becomes `_`.
 *
 * @returns nothing when no field is left, for a point needs one.
 */
export function toLine(point: Point, onUnwritable?: (why: Unwritable) => void): string | undefined {
  const fields = fieldsOf(withPlainKeys(point.fields), onUnwritable);
  if (fields === '') return undefined;
  const name = plain(point.measurement, NAME_END).replace(/^#/, '_');
  return `${name.replace(/[, ]/g, '\\$&')}${tagsOf(withPlainKeys(point.tags))} ${fields} ${point.timestamp}`;
}

function tagsOf(tags: Point['tags']): string {
  let text = '';
  for (const key of Object.keys(tags).sort()) {
    const value = tags[key]!;
    if (key !== '' && value !== '') text += `,${escaped(key)}=${escaped(plain(value, TAG_END))}`;
  }
  return text;
}

function fieldsOf(fields: Point['fields'], onUnwritable?: (why: Unwritable) => void): string {
  let text = '';
  for (const key of Object.keys(fields)) {
    const value = fields[key]!;
    const unwritable = key === '' ? 'unnamed' : whyNot(value);
    if (unwritable === undefined) text += `${text === '' ? '' : ','}${escaped(key)}=${written(value)}`;
    else onUnwritable?.(unwritable);
  }
  return text;
}

function whyNot(value: FieldValue): Unwritable | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'not-finite';
  return typeof value === 'bigint' && BigInt.asIntN(64, value) !== value ? 'out-of-range' : undefined;
}

function written(value: FieldValue): string {
  if (typeof value === 'bigint') return `${value}i`;
  if (typeof value === 'string') return `"${oneLine(value.replace(/["\\]/g, '\\$&'))}"`;
  return String(value);
}

/** What cannot be written as it is, in tags and in names. */
const ODD = /[\\\n\r\t]/;
/** Backslashes that would escape what follows them. */
const TAG_END = /\\+(?=[,= ]|$)/g;
const NAME_END = /\\+(?=[, ]|$)/g;

/** The same with keys that can be written, which can make two the same: then the first counts. */
function withPlainKeys<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const keys = Object.keys(record);
  if (!keys.some((key) => ODD.test(key))) return record;
  return Object.fromEntries(keys.reverse().map((key) => [plain(key, TAG_END), record[key]!]));
}

const plain = (text: string, end: RegExp): string =>
  ODD.test(text) ? oneLine(text.replace(end, (run) => '/'.repeat(run.length))) : text;

const escaped = (text: string): string => (/[,= ]/.test(text) ? text.replace(/[,= ]/g, '\\$&') : text);

const LINE_ENDS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const oneLine = (text: string): string => text.replace(/[\n\r\t]/g, (end) => LINE_ENDS[end]!);
