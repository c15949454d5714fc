export const NUL = 0x00;
export const TAB = 0x09;
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
export const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB || byte === NUL;

/** The first byte from there that is no blank; `end` where there is none. */
export function skipBlanks(body: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(body[at])) at++;
  return at;
}

/** A character for each byte, so that equal bytes are equal texts. */
export const latin1 = (body: Uint8Array, start: number, end: number): string =>
  Buffer.from(body.buffer, body.byteOffset + start, end - start).toString('latin1');
