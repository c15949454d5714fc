import type { Cell } from './query-lines.js';
import type { FieldType } from './schema.js';

const escapeKey = (text: string): string => text.replace(/[,= ]/g, '\\$&');

/** Measurement and tags of a series as line protocol, tags by name. A tag that a series lacks is empty in an answer. */
export function seriesText(measurement: string, tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `,${escapeKey(key)}=${escapeKey(value)}`);
  return `${measurement.replace(/[, ]/g, '\\$&')}${pairs.join('')}`;
}

/** Line protocol has no way to write these: a line end outside a text, a backslash at the end of a name. */
export const isWritable = (measurement: string, tags: Readonly<Record<string, string>>): boolean =>
  [measurement, ...Object.entries(tags).flat()].every((text) => !/\n|\\$/.test(text));

/** A field with its value, `level=2.5`; undefined where the point lacks it. */
export function fieldText(name: string, type: FieldType, cell: Cell | undefined): string | undefined {
  return cell === null || cell === undefined ? undefined : `${escapeKey(name)}=${valueText(type, cell)}`;
}

function valueText(type: FieldType, cell: string | boolean): string {
  switch (type) {
    // The shortest digits of the same double, since servers may print it differently.
    case 'float':
      return String(Number(cell));
    case 'integer':
      return `${cell}i`;
    case 'unsigned':
      return `${cell}u`;
    case 'boolean':
      return String(cell);
    case 'string':
      return `"${String(cell).replace(/["\\]/g, '\\$&')}"`;
  }
}
