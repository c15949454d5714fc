/** The code units of a text: they are read faster than by `charCodeAt`, which looks anew at how the text is stored. */
export type Units = Buffer | Uint16Array;

/** In bytes where that is all the same, as of nearly every text here. */
export function unitsOf(text: string): Units {
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) return bytes;
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

const ZERO = 48;
const NINE = 57;
/** So many digits make a whole number that a double holds. */
export const MOST_DIGITS = 15;

/** A whole number without a sign between two places; undefined: it may be another number. */
export function wholeOf(units: Units, start: number, end: number): number | undefined {
  if (end <= start || end - start > MOST_DIGITS) return undefined;
  let whole = 0;
  for (let at = start; at < end; at++) {
    const unit = units[at]!;
    if (unit < ZERO || unit > NINE) return undefined;
    whole = whole * 10 + unit - ZERO;
  }
  return whole;
}

/** Where the unit comes next; `end`, or beyond it where it began there: it does not. */
export function placeOf(unit: number, units: Units, start: number, end: number): number {
  let at = start;
  while (at < end && units[at] !== unit) at++;
  return at;
}
