import { type Units, unitsOf } from './units.js';

/** A record in a text that may hold more: from `start` to before `end`. */
type Visit = (text: string, units: Units, start: number, end: number) => void;

const OPENING = '["';
const CLOSING = '"]';
const BETWEEN = '","';

/**
 * Visits each string of the JSON list that a script made of records. In place, without a string for each, where nothing in
 * it is escaped, as no member's record has anything to escape.
 */
export function eachRecord(list: string, visit: Visit): void {
  // Of an empty one the script makes an empty object, as Lua knows no difference.
  if (list === '{}') return;
  if (!list.startsWith(OPENING) || !list.endsWith(CLOSING) || list.includes('\\')) {
    for (const record of JSON.parse(list) as string[]) visit(record, unitsOf(record), 0, record.length);
    return;
  }
  const units = unitsOf(list);
  const last = list.length - CLOSING.length;
  for (let start = OPENING.length, end: number; start <= last; start = end + BETWEEN.length) {
    end = list.indexOf('"', start);
    visit(list, units, start, end);
  }
}
