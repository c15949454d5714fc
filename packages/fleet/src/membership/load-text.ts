import type { Load } from './load.js';

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

/** Reads what `loadText` wrote, from `start` to the end; undefined: it is damaged. What a newer version appended is passed over. */
export function readLoad(text: string, start = 0): Load | undefined {
  return text.length - start > LONGEST_TEXT ? undefined : new LoadReader(text, start).load();
}

const [COMMA, MINUS, DOT, ZERO, SEMICOLON, EQUALS] = [44, 45, 46, 48, 59, 61];
/** So many digits make a whole number that a double holds, and so many places a power of ten that it does. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** By code units: a console reads a hundred thousand figures at once, and cutting out each text takes thrice as long. */
class LoadReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  load(): Load | undefined {
    const load: { -readonly [name in keyof Load]: Load[name] } = {};
    const text = this.#text;
    for (let index = 0; this.#at < text.length && text.charCodeAt(this.#at) !== SEMICOLON; index++) {
      if (text.charCodeAt(this.#at) !== COMMA) {
        const figure = this.#figure();
        if (figure === undefined) return undefined;
        const name = FIGURES[index];
        if (name !== undefined) load[name] = figure;
      }
      if (text.charCodeAt(this.#at) === COMMA) this.#at++;
    }
    if (this.#at === text.length) return load;
    const more = this.#more();
    if (more === undefined) return undefined;
    load.more = more;
    return load;
  }

  #more(): Record<string, number> | undefined {
    const more: Record<string, number> = {};
    const text = this.#text;
    for (let count = 0; this.#at < text.length; count++) {
      const equals = text.indexOf('=', this.#at);
      if (equals < 0 || count === MOST_MORE || text.charCodeAt(this.#at) !== SEMICOLON) return undefined;
      const name = nameOf(text.slice(this.#at + 1, equals));
      this.#at = equals + 1;
      const figure = this.#figure();
      if (name === undefined || figure === undefined) return undefined;
      more[name] = figure;
    }
    return more;
  }

  /** A number up to the next comma, semicolon, or the end; undefined: there is none. */
  #figure(): number | undefined {
    const text = this.#text;
    const start = this.#at;
    const isNegative = text.charCodeAt(start) === MINUS;
    let at = isNegative ? start + 1 : start;
    const first = at;
    let whole = 0;
    let point = -1;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === COMMA || unit === SEMICOLON) break;
      if (unit === DOT && point < 0) point = at;
      else if (unit >= ZERO && unit < ZERO + 10) whole = whole * 10 + unit - ZERO;
      else return this.#odd(start);
    }
    this.#at = at;
    const digits = at - first - (point < 0 ? 0 : 1);
    if (digits < 1) return undefined;
    if (digits > MOST_DIGITS) return this.#odd(start);
    const figure = point < 0 ? whole : whole / POWERS[at - point - 1]!;
    return isNegative ? -figure : figure;
  }

  /** One with an exponent, or with more digits than are ever written. */
  #odd(start: number): number | undefined {
    let end = start;
    for (; end < this.#text.length; end++) {
      const unit = this.#text.charCodeAt(end);
      if (unit === COMMA || unit === SEMICOLON || unit === EQUALS) break;
    }
    this.#at = end;
    const word = this.#text.slice(start, end);
    return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(word) && Number.isFinite(Number(word)) ? Number(word) : undefined;
  }
}

function nameOf(text: string): string | undefined {
  let name = text;
  if (text.includes('%')) {
    try {
      name = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
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
