import { isUtf8 } from 'node:buffer';
import {
  BACKSLASH,
  COMMA,
  DOT,
  EQUALS,
  isBoolean,
  isDigit,
  MINUS,
  NEWLINE,
  QUOTE,
  SPACE,
  skipBlanks,
} from './bytes.js';
import { FieldKeys, type FieldType } from './field-keys.js';
import { LineError } from './line-error.js';
import { checkNumber, NumberFault } from './numbers.js';
import { TagKeys } from './tag-keys.js';

/** Measurement and tags; and with 4 bytes between them, these and a field's key. */
const MAX_KEY_BYTES = 65_535;
const FIELD_SEPARATOR_BYTES = 4;

const LAST_ASCII = 0x7f;
/** Any so many digits are in the range of every type. */
const SHORT_DIGITS = 18;

const LOWER_I = 0x69;
const UPPER_N = 0x4e;
const LOWER_N = 0x6e;

/**
 * Checks one line the way InfluxDB reads it, and remembers where its sections are.
 * In measurement and tags a byte is escaped by a backslash before it, even one that is escaped itself; in fields backslashes pair up.
 */
export class LineParser {
  /** Where the sections of the last line that was parsed begin and end. */
  keyEnd = 0;
  fieldsStart = 0;
  fieldsEnd = 0;
  /** The same as `timeEnd` for a line without timestamp. */
  timeStart = 0;
  timeEnd = 0;
  /** The line has a backslash outside of its timestamp. */
  escapes = false;

  readonly #body: Uint8Array;
  readonly #tags: TagKeys;
  readonly #fields: FieldKeys;
  /** Of the value that was read last. */
  #type: FieldType = 'float';

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#tags = new TagKeys(body);
    this.#fields = new FieldKeys(body);
  }

  /** The line `[start, end)`, without blanks before it and without its line end. */
  parse(start: number, end: number): void {
    this.escapes = false;
    this.keyEnd = this.#key(start, end);
    if (this.keyEnd - start > MAX_KEY_BYTES) {
      this.#fail(start, `measurement and tags take ${this.keyEnd - start} bytes; ${MAX_KEY_BYTES} are allowed`);
    }
    this.fieldsStart = skipBlanks(this.#body, this.keyEnd, end);
    this.fieldsEnd = this.#fieldSet(this.fieldsStart, end);
    this.#checkFieldKeys(start);
    this.#time(end);
  }

  #key(start: number, end: number): number {
    const body = this.#body;
    if (body[start] === COMMA) this.#fail(start, 'the measurement is missing before the comma');
    let bits = body[start]!;
    for (let at = start + 1; at < end; at++) {
      const byte = body[at]!;
      bits |= byte;
      if (byte > COMMA || (byte !== COMMA && byte !== SPACE)) continue;
      if (body[at - 1] === BACKSLASH) this.escapes = true;
      else {
        // InfluxDB answers 500 to such a name, for ever; it takes any bytes elsewhere.
        if (bits > LAST_ASCII && !isUtf8(body.subarray(start, at))) this.#fail(start, 'the measurement is not UTF-8');
        return byte === SPACE ? at : this.#tagSet(at + 1, end);
      }
    }
    return this.#fail(end, 'the fields are missing: a line is measurement[,tag=value…] field=value[,…] [timestamp]');
  }

  #tagSet(from: number, end: number): number {
    const body = this.#body;
    this.#tags.clear();
    for (let at = from; ; at++) {
      const equals = this.#tagKey(at, end);
      this.#tags.add(at, equals);
      at = this.#tagValue(equals + 1, end);
      if (body[at] === COMMA) continue;
      const fault = this.#tags.fault();
      return fault === undefined ? at : this.#fail(fault.at, fault.message);
    }
  }

  #tagKey(start: number, end: number): number {
    const body = this.#body;
    const first = body[start];
    if (start >= end || first === SPACE || first === COMMA || first === EQUALS) {
      this.#fail(start, 'a tag is missing after the comma; a space within a name is written "\\ "');
    }
    for (let at = start + 1; at < end; at++) {
      const byte = body[at]!;
      if (byte > EQUALS || (byte !== EQUALS && byte !== COMMA && byte !== SPACE)) continue;
      if (body[at - 1] === BACKSLASH) this.escapes = true;
      else return byte === EQUALS ? at : this.#fail(at, 'the tag has no value: tag=value');
    }
    return this.#fail(end, 'the tag has no value: tag=value');
  }

  #tagValue(start: number, end: number): number {
    const body = this.#body;
    if (start >= end || body[start] === COMMA || body[start] === SPACE) {
      this.#fail(start, 'the tag value is empty: leave the tag out');
    }
    for (let at = start + 1; at < end; at++) {
      const byte = body[at]!;
      if (byte > EQUALS || (byte !== EQUALS && byte !== COMMA && byte !== SPACE)) continue;
      if (body[at - 1] === BACKSLASH) this.escapes = true;
      else return byte !== EQUALS ? at : this.#fail(at, 'an equals sign within a tag value is written "\\="');
    }
    return this.#fail(end, 'the fields are missing after the tags');
  }

  /** Returns where the fields end: at the first space outside of strings and escapes. */
  #fieldSet(from: number, end: number): number {
    this.#fields.clear();
    let at = from;
    for (;;) {
      const equals = this.#fieldKey(at, end);
      const valueEnd = this.#value(equals + 1, end);
      this.#fields.add(at, equals, this.#type);
      if (valueEnd === end || this.#body[valueEnd] === SPACE) return valueEnd;
      at = valueEnd + 1;
    }
  }

  #fieldKey(start: number, end: number): number {
    const body = this.#body;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = body[at]!;
      bits |= byte;
      if (byte === BACKSLASH) {
        this.escapes = true;
        bits |= body[++at] ?? 0;
      } else if (byte === EQUALS) {
        if (at === start) this.#fail(at, 'the field has no name before the equals sign');
        if (body[at - 1] === BACKSLASH) this.#fail(at, 'InfluxDB cannot read a field name that ends with a backslash');
        if (bits > LAST_ASCII && !isUtf8(body.subarray(start, at))) this.#fail(start, 'the field name is not UTF-8');
        return at;
      } else if (byte === COMMA || byte === SPACE) {
        this.#fail(at, start === at ? 'a field is missing: field=value' : 'the field has no value: field=value');
      }
    }
    return this.#fail(end, start >= end ? 'the fields are missing' : 'the field has no value: field=value');
  }

  /** Returns where it ends, and leaves its type behind. */
  #value(start: number, end: number): number {
    const first = start < end ? this.#body[start]! : COMMA;
    if (first === COMMA || first === SPACE) this.#fail(start, 'the field has no value; an empty string is written ""');
    if (first === QUOTE) {
      this.#type = 'string';
      return this.#string(start, end);
    }
    if (isDigit(first) || first === DOT || first === MINUS || first === UPPER_N || first === LOWER_N) {
      return this.#number(start, end);
    }
    const valueEnd = this.#valueEnd(start, end);
    this.#boolean(start, valueEnd);
    return valueEnd;
  }

  #valueEnd(start: number, end: number): number {
    const body = this.#body;
    let at = start;
    while (at < end && body[at] !== COMMA && body[at] !== SPACE) at++;
    return at;
  }

  #number(start: number, end: number): number {
    const valueEnd = this.#shortNumber(start, end);
    if (valueEnd !== 0) return valueEnd;
    const wordEnd = this.#valueEnd(start, end);
    const found = checkNumber(this.#body, start, wordEnd);
    if (found instanceof NumberFault) return this.#fail(found.at, found.message);
    this.#type = found;
    return wordEnd;
  }

  /** Most numbers are a few digits, which need one look: where this one ends, or 0 where it needs more. */
  #shortNumber(start: number, end: number): number {
    const body = this.#body;
    const first = body[start] === MINUS ? start + 1 : start;
    let at = first;
    while (at < end && isDigit(body[at]!)) at++;
    const whole = at - first;
    if (whole === 0 || whole > SHORT_DIGITS) return 0;
    this.#type = 'float';
    if (body[at] === LOWER_I) {
      this.#type = 'integer';
      at++;
    } else if (body[at] === DOT) {
      at++;
      while (at < end && isDigit(body[at]!)) at++;
    }
    const over = at === end || body[at] === COMMA || body[at] === SPACE;
    return over && at - first <= SHORT_DIGITS ? at : 0;
  }

  #boolean(start: number, end: number): void {
    this.#type = 'boolean';
    if (!isBoolean(this.#body, start, end)) {
      this.#fail(start, 'not a value: text stands in double quotes, a boolean is true or false, a number is digits');
    }
  }

  /** InfluxDB lets text follow the closing quote and keeps it as part of the value; strings open and close within it. */
  #string(start: number, end: number): number {
    const body = this.#body;
    let quoted = true;
    let opened = start;
    for (let at = start + 1; at < end; at++) {
      const byte = body[at];
      if (byte === BACKSLASH) {
        this.escapes = true;
        if (!quoted) this.#fail(at, 'a backslash after the closing quote of a string');
        at++;
      } else if (byte === QUOTE) {
        quoted = !quoted;
        opened = at;
      } else if (quoted) continue;
      else if (byte === COMMA || byte === SPACE) return at;
      else if (byte === EQUALS) this.#fail(at, 'an equals sign after a string: a comma belongs between fields');
    }
    return quoted
      ? this.#fail(opened, 'the string that opens here is not closed; a quote within one is written \\"')
      : end;
  }

  #checkFieldKeys(lineStart: number): void {
    const keyBytes = this.keyEnd - lineStart + FIELD_SEPARATOR_BYTES;
    const fault = this.#fields.fault(MAX_KEY_BYTES - keyBytes, this.escapes);
    if (fault !== undefined) this.#fail(fault.at, fault.message);
  }

  #time(end: number): void {
    const body = this.#body;
    this.timeStart = skipBlanks(body, this.fieldsEnd, end);
    let at = this.timeStart;
    if (at < end && body[at] === MINUS) at++;
    const digits = at;
    while (at < end && isDigit(body[at]!)) at++;
    this.timeEnd = at;
    if (at === digits && this.timeStart < end) this.#fail(at, TIMESTAMP);
    for (; at < end; at++) {
      if (body[at] !== SPACE) this.#fail(at, body[at] === NEWLINE ? 'a line end within the line' : TIMESTAMP);
    }
  }

  #fail(at: number, message: string): never {
    throw LineError.at(this.#body, at, message);
  }
}

const TIMESTAMP = 'a timestamp is an integer: digits, with a minus before them where it is before 1970';
