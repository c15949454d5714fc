import { COMMA, DOT, EQUALS, HASH, isBoolean, isDigit, MINUS, NEWLINE, QUOTE, SPACE } from './bytes.js';
import { isTime } from './tag-keys.js';

/** Below these a line cannot break a rule about sizes. */
const MAX_LINE_BYTES = 32_768;
const MAX_TAGS = 64;
const MAX_INTEGER_DIGITS = 18;
const MAX_DIGITS = 99;

const BACKSLASH = 0x5c;
const LOWER_I = 0x69;

const FLOAT = 0;
const INTEGER = 1;
const BOOLEAN = 2;
const STRING = 3;

/** What ends a name, or needs a closer look: the separators, controls, escapes, quotes, and what is not ASCII. */
const ENDS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= SPACE || byte > 0x7e || [COMMA, EQUALS, QUOTE, BACKSLASH].includes(byte) ? 1 : 0,
);

/**
 * Reads lines as clients write them: nothing escaped, tags in order, one space between the sections. What it reads
 * InfluxDB reads in the same way; every other line, good or bad, is left to `LineParser`, at an eighth of the speed.
 */
export class PlainLine {
  /** Where the sections of the last line that was read begin and end. */
  keyEnd = 0;
  fieldsStart = 0;
  fieldsEnd = 0;
  /** The same as `timeEnd` for a line without timestamp. */
  timeStart = 0;
  timeEnd = 0;

  readonly #body: Uint8Array;
  #type = FLOAT;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  /** Where the line that starts there has its line end; -1: it has none, or it is not plain. */
  read(start: number): number {
    const body = this.#body;
    const nameEnd = skipName(body, start);
    if (nameEnd === start || body[start] === HASH) return -1;
    const keyEnd = this.#tags(nameEnd);
    if (keyEnd === -1) return -1;
    const fieldsEnd = this.#fields(keyEnd + 1);
    if (fieldsEnd === -1) return -1;
    const timeStart = body[fieldsEnd] === SPACE ? fieldsEnd + 1 : fieldsEnd;
    const timeEnd = skipDigits(body, timeStart);
    if (body[timeEnd] !== NEWLINE || timeEnd - start > MAX_LINE_BYTES) return -1;
    if (timeEnd === timeStart && timeStart > fieldsEnd) return -1;
    this.keyEnd = keyEnd;
    this.fieldsStart = keyEnd + 1;
    this.fieldsEnd = fieldsEnd;
    this.timeStart = timeStart;
    this.timeEnd = timeEnd;
    return timeEnd;
  }

  /** Returns where the space behind them is. Keys in order are different ones. */
  #tags(from: number): number {
    const body = this.#body;
    let at = from;
    let lastKey = 0;
    let lastEnd = 0;
    for (let count = 0; body[at] === COMMA; count++) {
      const key = at + 1;
      const equals = skipName(body, key);
      if (equals === key || body[equals] !== EQUALS || isTime(body, key, equals)) return -1;
      if (count > 0 && !(count < MAX_TAGS && isBefore(body, lastKey, lastEnd, key, equals))) return -1;
      at = skipName(body, equals + 1);
      if (at === equals + 1) return -1;
      lastKey = key;
      lastEnd = equals;
    }
    return body[at] === SPACE ? at : -1;
  }

  /** Returns where they end. Only keys of one type, or in order, are taken: none is there twice with two types. */
  #fields(from: number): number {
    const body = this.#body;
    let type = FLOAT;
    let isMixed = false;
    let isInOrder = true;
    let lastKey = 0;
    let lastEnd = 0;
    for (let key = from; ; ) {
      const equals = skipName(body, key);
      if (equals === key || body[equals] !== EQUALS || isTime(body, key, equals)) return -1;
      const end = this.#value(equals + 1);
      if (end === -1) return -1;
      if (key === from) type = this.#type;
      else {
        if (this.#type !== type) isMixed = true;
        if (isInOrder && !isBefore(body, lastKey, lastEnd, key, equals)) isInOrder = false;
      }
      const byte = body[end];
      if (byte !== COMMA) return (byte === SPACE || byte === NEWLINE) && (isInOrder || !isMixed) ? end : -1;
      lastKey = key;
      lastEnd = equals;
      key = end + 1;
    }
  }

  /** Returns where it ends, and leaves its type behind. */
  #value(start: number): number {
    const body = this.#body;
    const first = start < body.length ? body[start]! : NEWLINE;
    if (isDigit(first) || first === MINUS || first === DOT) return this.#number(start);
    if (first === QUOTE) return this.#string(start + 1);
    const end = skipName(body, start);
    this.#type = BOOLEAN;
    return isBoolean(body, start, end) ? end : -1;
  }

  #number(start: number): number {
    const body = this.#body;
    const first = body[start] === MINUS ? start + 1 : start;
    let at = skipDigits(body, first);
    let digits = at - first;
    if (body[at] === LOWER_I) {
      this.#type = INTEGER;
      return digits > 0 && digits <= MAX_INTEGER_DIGITS ? at + 1 : -1;
    }
    this.#type = FLOAT;
    if (body[at] === DOT) {
      const fraction = at + 1;
      at = skipDigits(body, fraction);
      digits += at - fraction;
    }
    return digits > 0 && digits <= MAX_DIGITS ? at : -1;
  }

  #string(from: number): number {
    const body = this.#body;
    this.#type = STRING;
    for (let at = from; at < body.length; at++) {
      const byte = body[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH || byte === NEWLINE) return -1;
    }
    return -1;
  }
}

function skipName(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length && ENDS[body[at]!] === 0) at++;
  return at;
}

function skipDigits(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length && isDigit(body[at]!)) at++;
  return at;
}

/** Whether the first name sorts before the second, byte by byte. */
function isBefore(body: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  const shorter = Math.min(end - start, otherEnd - otherStart);
  for (let index = 0; index < shorter; index++) {
    const difference = body[start + index]! - body[otherStart + index]!;
    if (difference !== 0) return difference < 0;
  }
  return end - start < otherEnd - otherStart;
}
