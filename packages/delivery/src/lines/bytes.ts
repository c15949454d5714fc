const NUL = 0x00;
const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;

/** The digits are the ten bytes that differ from `0` in nothing but the last bits. */
export const isDigit = (byte: number): boolean => (byte ^ ZERO) < 10;

/** What InfluxDB skips before a line and between its sections. */
const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB || byte === NUL;

/** The first byte from there that is no blank; `end` where there is none. */
export function skipBlanks(body: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(body[at])) at++;
  return at;
}

/** A character for each byte, so that equal bytes are equal texts. */
export const latin1 = (body: Uint8Array, start: number, end: number): string =>
  Buffer.from(body.buffer, body.byteOffset + start, end - start).toString('latin1');

const LOWER_T = 0x74;
const UPPER_T = 0x54;
const LOWER_F = 0x66;
const UPPER_F = 0x46;
const WORDS = ['true', 'True', 'TRUE', 'false', 'False', 'FALSE'].map((text) => Buffer.from(text));

export function isBoolean(body: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  const first = body[start];
  if (length === 1) return first === LOWER_T || first === UPPER_T || first === LOWER_F || first === UPPER_F;
  return WORDS.some((word) => word.length === length && word.every((byte, at) => body[start + at] === byte));
}
