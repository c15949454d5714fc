import { InspectError } from './errors.js';

/** A line of a file, without its line end, and the number of the file's line that it begins on, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly bytes: Buffer;
}

const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/**
 * Cuts text into lines of line protocol and comments. A line end inside a quoted value belongs to its line; empty lines
 * are left out.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<NumberedLine> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield* cutter.push(chunk);
  yield* cutter.end();
}

class LineCutter {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Of the line that is being read, and of the file. */
  #number = 1;
  #fileLine = 1;
  #state = new LineState();

  *push(chunk: Uint8Array): Generator<NumberedLine> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) this.#fileLine++;
      if (!this.#state.ends(byte)) continue;
      this.#keep(chunk.subarray(start, at));
      yield* this.end();
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  *end(): Generator<NumberedLine> {
    const whole = Buffer.concat(this.#pieces);
    const bytes = whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
    const number = this.#number;
    this.#pieces = [];
    this.#bytes = 0;
    this.#number = this.#fileLine;
    this.#state = new LineState();
    if (bytes.some((byte) => byte !== SPACE)) yield { number, bytes };
  }

  #keep(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > MAX_LINE_BYTES) {
      throw new InspectError(`line ${this.#number} has no end within 16 MiB; is a quote missing?`);
    }
  }
}

/** Where in a line of line protocol a byte stands. */
class LineState {
  #isFirst = true;
  #isComment = false;
  #isEscaped = false;
  #inFields = false;
  #inValue = false;
  #isQuoted = false;

  /** Takes the next byte; true: it is the line's end. */
  ends(byte: number): boolean {
    if (this.#isFirst) this.#isComment = byte === HASH;
    this.#isFirst = false;
    if (this.#isComment) return byte === NEWLINE;
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === NEWLINE) return !this.#isQuoted;
    else if (byte === QUOTE && this.#inValue) this.#isQuoted = !this.#isQuoted;
    else if (!this.#isQuoted) this.#notice(byte);
    return false;
  }

  #notice(byte: number): void {
    if (byte === SPACE) this.#inFields = true;
    else if (byte === EQUALS && this.#inFields) this.#inValue = true;
    else if (byte === COMMA) this.#inValue = false;
  }
}
