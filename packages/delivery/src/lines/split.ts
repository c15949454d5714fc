/**
 * The lines of a normalised body, each with its line end: views, nothing is copied.
 * A line end inside a quoted string belongs to its line.
 */
export function splitLines(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = lineEnd(body, start);
    lines.push(body.subarray(start, end));
    start = end;
  }
  return lines;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** Where the line that starts there ends, past its line end. */
function lineEnd(body: Buffer, start: number): number {
  let fields = false;
  let quoted = false;
  let inValue = false;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === BACKSLASH) at++;
    else if (byte === NEWLINE && !quoted) return at + 1;
    else if (byte === QUOTE && inValue) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === SPACE) fields = true;
    else if (byte === EQUALS && fields) inValue = true;
    else if (byte === COMMA) inValue = false;
  }
  return body.length;
}
