import { BACKSLASH, COMMA, EQUALS, NEWLINE, QUOTE, SPACE } from './bytes.js';

/**
 * The lines of a normalised body, each with its line end: views, nothing is copied.
 * A line end inside a quoted string belongs to its line.
 */
export function splitLines(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = Math.min(lineEnd(body, start) + 1, body.length);
    lines.push(body.subarray(start, end));
    start = end;
  }
  return lines;
}

/**
 * Where InfluxDB sees the end of the line that starts there: at its `\n`, or at the end of the body.
 * It counts before it parses, so a quote opens a string after the first space, where `=` are ahead of `,`.
 */
export function lineEnd(body: Uint8Array, start: number): number {
  const length = body.length;
  let spaced = false;
  let quoted = false;
  let ahead = 0;
  for (let at = start; at < length; at++) {
    const byte = body[at];
    if (byte === NEWLINE) {
      if (!quoted) return at;
    } else if (byte === BACKSLASH) {
      // The last byte but one escapes nothing.
      if (at + 2 < length) at++;
    } else if (byte === SPACE) spaced = true;
    else if (spaced) {
      if (byte === QUOTE) quoted = quoted !== ahead > 0;
      else if (byte === EQUALS && !quoted) ahead++;
      else if (byte === COMMA && !quoted) ahead--;
    }
  }
  return length;
}
