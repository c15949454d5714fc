import type { FieldValue } from '../probes/probe.js';

/** Why a field cannot be written. Bounded, so that it can be a metric label. */
export const UNWRITABLE = ['not-finite', 'out-of-range', 'unnamed'] as const;
export type Unwritable = (typeof UNWRITABLE)[number];

/*
 * Line protocol is `measurement,tag=value field=value timestamp`. Here its parts become text:
 *
 * - Tags are sorted by key, which is what InfluxDB would do; tags without a key or a value are left out.
 * - A bigint is an integer (`1i`), a number a float, so that a field keeps its type when a measured value happens to be
 *   whole. What the protocol has no form for (NaN, infinities, integers beyond 64 bits) is left out and reported.
 * - Line protocol cannot carry line ends outside of quotes and many readers split lines inside of them: everywhere they
 *   become the two characters `\n`. Nor can it carry a backslash before a comma, an equals sign, a blank or the end of
 *   a name or tag, where it would escape what follows: those backslashes become slashes.
 * - A `#` at the beginning would make the line a comment: it becomes `_`.
 */

/** A measurement as it stands in a line. */
export function nameText(measurement: string): string {
  if (!NAME_SPECIAL.test(measurement)) return measurement;
  return plain(measurement, NAME_END).replace(/^#/, '_').replace(/[, ]/g, '\\$&');
}

/** A tag as it stands in a line, `,key=value`, and the key to sort it by. */
export interface TagText {
  readonly key: string;
  readonly text: string;
}

/** The tags that can be written, sorted. */
export function tagTexts(tags: Readonly<Record<string, string>>): TagText[] {
  const texts: TagText[] = [];
  const plainTags = withPlainKeys(tags);
  for (const key of Object.keys(plainTags).sort()) {
    const value = plainTags[key]!;
    if (key !== '' && value !== '') texts.push({ key, text: `,${escaped(key)}=${tagValue(value)}` });
  }
  return texts;
}

/** Two sorted lists of tags with different keys as one text. */
export function joinTags(some: readonly TagText[], others: readonly TagText[]): string {
  let text = '';
  let next = 0;
  for (const tag of some) {
    for (; next < others.length && others[next]!.key < tag.key; next++) text += others[next]!.text;
    text += tag.text;
  }
  for (; next < others.length; next++) text += others[next]!.text;
  return text;
}

/** The fields that can be written, as they stand in a line; empty: there is none. */
export function fieldsText(
  fields: Readonly<Record<string, FieldValue>>,
  onUnwritable?: (why: Unwritable) => void,
): string {
  let text = '';
  const plainFields = withPlainKeys(fields);
  for (const key of Object.keys(plainFields)) {
    const value = plainFields[key]!;
    const unwritable = key === '' ? 'unnamed' : whyNot(value);
    if (unwritable === undefined) text += `${text === '' ? '' : ','}${escaped(key)}=${fieldValue(value)}`;
    else onUnwritable?.(unwritable);
  }
  return text;
}

function whyNot(value: FieldValue): Unwritable | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'not-finite';
  return typeof value === 'bigint' && BigInt.asIntN(64, value) !== value ? 'out-of-range' : undefined;
}

function fieldValue(value: FieldValue): string {
  if (typeof value === 'bigint') return `${value}i`;
  if (typeof value === 'string') return `"${oneLine(value.replace(/["\\]/g, '\\$&'))}"`;
  return String(value);
}

// Each is asked of every name and tag that is written, and as a rule says no.
const NAME_SPECIAL = /[\\\n\r\t, ]|^#/;
const TAG_SPECIAL = /[\\\n\r\t,= ]/;
/** What cannot even be escaped. */
const ODD = /[\\\n\r\t]/;
/** Backslashes that would escape what follows them. */
const TAG_END = /\\+(?=[,= ]|$)/g;
const NAME_END = /\\+(?=[, ]|$)/g;

/** The same with keys that can be written, which can make two the same: then the first counts. */
function withPlainKeys<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  for (const key in record) if (ODD.test(key)) return plainKeys(record);
  return record;
}

function plainKeys<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const entries = Object.entries(record).map(([key, value]) => [plain(key, TAG_END), value] as const);
  return Object.fromEntries(entries.reverse());
}

const tagValue = (value: string): string => (TAG_SPECIAL.test(value) ? escaped(plain(value, TAG_END)) : value);

const plain = (text: string, end: RegExp): string => oneLine(text.replace(end, (run) => '/'.repeat(run.length)));

const escaped = (text: string): string => (TAG_SPECIAL.test(text) ? text.replace(/[,= ]/g, '\\$&') : text);

const LINE_ENDS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const oneLine = (text: string): string => text.replace(/[\n\r\t]/g, (end) => LINE_ENDS[end]!);
