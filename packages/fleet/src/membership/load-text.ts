import type { Load } from './load.js';
import { MOST_DIGITS, placeOf, type Units, unitsOf, wholeOf } from './units.js';

/** The figures in the order in which they are written: what comes later in time is appended, none is ever moved. */
const FIGURES = [
  'cpu',
  'memory',
  'eventLoopLagMs',
  'activeConnections',
  'throughput',
  'p95Ms',
  'queueDepth',
  'consumerLag',
] as const satisfies readonly (keyof Load)[];

const MOST_MORE = 16;
const LONGEST_NAME = 64;
const LONGEST_TEXT = 16_384;
/** Half of a pair of code units: it cannot be written in UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * A load as it is stored: `0.25,0.5,,12;rooms=3`, the figures in their order with nothing for those that are not told,
 * then what else there is, the names as in a URL. No blanks: it is the last word of a member's record.
 */
export function loadText(load: Load): string {
  let text = FIGURES.map((name) => told(load[name])).join();
  text = text.slice(0, lengthWithoutCommas(text));
  let count = 0;
  for (const [name, value] of Object.entries(load.more ?? {})) {
    if (!Number.isFinite(value) || name.length > LONGEST_NAME || LONE_SURROGATE.test(name)) continue;
    if (++count > MOST_MORE) break;
    text += `;${encodeURIComponent(name)}=${short(value)}`;
  }
  return text;
}

/**
 * Reads what `loadText` wrote, from `start` to before `end`; undefined: it is damaged. What a newer version appended is
 * passed over.
 */
export function readLoad(
  text: string,
  start = 0,
  end: number = text.length,
  units: Units = unitsOf(text),
): Load | undefined {
  if (end - start > LONGEST_TEXT) return undefined;
  return readPlain(text, units, start, end) ?? readAny(text.slice(start, end));
}

type Writable = { -readonly [name in keyof Load]: Load[name] };

const COMMA = 44;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const SEMICOLON = 59;
const EQUALS = 61;
const POWERS: readonly number[] = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
const figures = new Float64Array(FIGURES.length);

/**
 * One without signs, exponents and what a newer version appended, as nearly all are; undefined: it may be another. By code
 * units, with nothing cut out: a console reads a hundred thousand figures at once.
 */
function readPlain(text: string, units: Units, start: number, end: number): Load | undefined {
  let count = 0;
  let told = 0;
  let whole = 0;
  let digits = 0;
  let places = -1;
  let at = start;
  for (; ; at++) {
    const unit = at < end ? units[at]! : SEMICOLON;
    if (unit >= ZERO && unit <= NINE) {
      whole = whole * 10 + unit - ZERO;
      digits++;
      if (places >= 0) places++;
    } else if (unit === COMMA || unit === SEMICOLON) {
      if (digits > MOST_DIGITS || places === 0 || count === FIGURES.length) return undefined;
      figures[count++] = digits === 0 ? Number.NaN : places < 0 ? whole : whole / POWERS[places]!;
      if (digits > 0) told++;
      if (unit === SEMICOLON) break;
      whole = 0;
      digits = 0;
      places = -1;
    } else if (unit === DOT && digits > 0 && places < 0) places = 0;
    else return undefined;
  }
  const load = told === FIGURES.length ? fullLoad() : partOfLoad(count);
  if (at >= end) return load;
  const more = readMore(text, units, at, end);
  if (more === undefined) return undefined;
  load.more = more;
  return load;
}

/** At once, as adding one property after the other takes longer than reading the text. */
function fullLoad(): Writable {
  return {
    cpu: figures[0]!,
    memory: figures[1]!,
    eventLoopLagMs: figures[2]!,
    activeConnections: figures[3]!,
    throughput: figures[4]!,
    p95Ms: figures[5]!,
    queueDepth: figures[6]!,
    consumerLag: figures[7]!,
  };
}

function partOfLoad(count: number): Writable {
  const load: Writable = {};
  for (let index = 0; index < count; index++) {
    const figure = figures[index]!;
    if (!Number.isNaN(figure)) load[FIGURES[index]!] = figure;
  }
  return load;
}

/** The names that came last, by their place: nearly always those that come next, and looked up already. */
const lastNames: string[] = [];

/** What comes from the first semicolon on. */
function readMore(text: string, units: Units, semicolon: number, end: number): Record<string, number> | undefined {
  const more: Record<string, number> = {};
  for (let at = semicolon, count = 0; at < end; count++) {
    const equals = placeOf(EQUALS, units, at, end);
    if (equals >= end || count === MOST_MORE) return undefined;
    const next = placeOf(SEMICOLON, units, equals, end);
    const name = nameOf(text, at + 1, equals, count);
    const figure = wholeOf(units, equals + 1, next) ?? numberOf(text.slice(equals + 1, next));
    if (name === undefined || figure === undefined) return undefined;
    more[name] = figure;
    at = next;
  }
  return more;
}

function readAny(text: string): Load | undefined {
  const semicolon = text.indexOf(';');
  const words = (semicolon < 0 ? text : text.slice(0, semicolon)).split(',');
  const load: Writable = {};
  for (const [index, word] of words.entries()) {
    if (word === '') continue;
    const figure = numberOf(word);
    const name = FIGURES[index];
    if (figure === undefined) return undefined;
    if (name !== undefined) load[name] = figure;
  }
  if (semicolon < 0) return load;
  const more = readMore(text, unitsOf(text), semicolon, text.length);
  return more && { ...load, more };
}

function numberOf(word: string): number | undefined {
  const figure = Number(word);
  return Number.isFinite(figure) && /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(word) ? figure : undefined;
}

function nameOf(text: string, start: number, end: number, place: number): string | undefined {
  const last = lastNames[place];
  if (last !== undefined && last.length === end - start && text.startsWith(last, start)) return last;
  let name = text.slice(start, end);
  if (name.includes('%')) {
    try {
      name = decodeURIComponent(name);
    } catch {
      return undefined;
    }
  } else if (name.length <= LONGEST_NAME) lastNames[place] = name;
  return name.length > LONGEST_NAME ? undefined : name;
}

// Six digits are more than any load is measured to, and a third of the bytes.
const short = (value: number): number => Number(value.toPrecision(6));
const told = (value: number | undefined): string =>
  value !== undefined && Number.isFinite(value) ? String(short(value)) : '';

function lengthWithoutCommas(text: string): number {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === COMMA) length--;
  return length;
}
