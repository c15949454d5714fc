import { DOT, isDigit, latin1, MINUS, PLUS } from './bytes.js';

export type NumberKind = 'float' | 'integer';

const LOWER_E = 0x65;
const UPPER_E = 0x45;
const LOWER_I = 0x69;
const LOWER_U = 0x75;

/** Below this many digits and exponent digits no float leaves its range. */
const SAFE_DIGITS = 100;
const SAFE_EXPONENT_DIGITS = 2;

const INT64_DIGITS = 19;
const MAX_INT64 = '9223372036854775807';
const MIN_INT64 = '9223372036854775808';

export class NumberFault {
  readonly at: number;
  readonly message: string;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

/** Checks the number in `body[start, end)`: an integer (`-12i`) or a decimal float (`1`, `.5`, `1.`, `-1e+5`). */
export function checkNumber(body: Uint8Array, start: number, end: number): NumberKind | NumberFault {
  let at = start;
  if (body[at] === MINUS) at++;
  const wholeStart = at;
  while (at < end && isDigit(body[at]!)) at++;
  let digits = at - wholeStart;
  if (at === end && digits > 0 && digits < SAFE_DIGITS) return 'float';
  if (body[at] === LOWER_I && at === end - 1) return checkInteger(body, start, wholeStart, at);
  if (at < end && body[at] === DOT) {
    const fractionStart = ++at;
    while (at < end && isDigit(body[at]!)) at++;
    digits += at - fractionStart;
  }
  if (digits === 0) return new NumberFault(at, 'a number needs digits; text stands in double quotes');
  let exponentDigits = 0;
  if (at < end && (body[at] === LOWER_E || body[at] === UPPER_E)) {
    at++;
    if (at < end && (body[at] === PLUS || body[at] === MINUS)) at++;
    const exponentStart = at;
    while (at < end && isDigit(body[at]!)) at++;
    exponentDigits = at - exponentStart;
    if (exponentDigits === 0) return new NumberFault(at, 'the exponent has no digits');
  }
  if (at < end) return new NumberFault(at, strayByte(body, at, end));
  if (digits < SAFE_DIGITS && exponentDigits <= SAFE_EXPONENT_DIGITS) return 'float';
  if (Number.isFinite(Number(latin1(body, start, end)))) return 'float';
  return new NumberFault(start, 'the number is larger than a 64-bit float can be');
}

function checkInteger(body: Uint8Array, start: number, digitsStart: number, end: number): NumberKind | NumberFault {
  if (end === digitsStart) return new NumberFault(end, 'an integer needs digits before its i');
  if (end - digitsStart < INT64_DIGITS) return 'integer';
  let first = digitsStart;
  while (first < end && body[first] === 0x30) first++;
  const limit = start === digitsStart ? MAX_INT64 : MIN_INT64;
  const digits = end - first;
  if (digits < INT64_DIGITS || (digits === INT64_DIGITS && latin1(body, first, end) <= limit)) return 'integer';
  return new NumberFault(start, 'the integer is out of the range of 64 bits');
}

function strayByte(body: Uint8Array, at: number, end: number): string {
  if (body[at] === LOWER_U && at === end - 1) return 'unsigned integers (u) are not supported by InfluxDB 1.x: write i';
  if (body[at] === LOWER_I) return 'an integer is digits and one i at the end';
  return 'this byte does not belong into a number; text stands in double quotes';
}
