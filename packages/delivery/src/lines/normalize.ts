import { setImmediate } from 'node:timers/promises';
import { BACKSLASH, HASH, NEWLINE, QUOTE, RETURN, SPACE, skipBlanks } from './bytes.js';
import { LineError } from './line-error.js';
import { LineParser } from './line-parser.js';
import { LineWriter } from './line-writer.js';
import { PlainLine } from './plain-line.js';
import { type Precision, UNITS, type Unit } from './precision.js';
import { lineEnd } from './split.js';
import { isPlain, toNanoseconds } from './timestamp.js';

export { LineError } from './line-error.js';
export { PRECISIONS, type Precision } from './precision.js';

/** Lines that become one frame. */
export interface Lines {
  /** Whole lines, each with a timestamp in nanoseconds and a line end. */
  readonly body: Buffer;
  readonly points: number;
}

export interface NormalizeOptions {
  readonly precision: Precision;
  /** The timestamp of lines that have none, in nanoseconds since the epoch; rounded down to the precision, as InfluxDB does. */
  readonly nowNs: bigint;
  /** Default 5,000. */
  readonly maxPoints?: number;
  /** Default 1 MiB. A longer line gets a piece of its own. */
  readonly maxBytes?: number;
  /** @internal The body does not change any more: lines that go out as they came are parts of it. Default false. */
  readonly isFinal?: boolean;
}

const MAX_LINE_BYTES = 4 * 2 ** 20;
const STEP_BYTES = 2 ** 20;

/**
 * Checks a body of line protocol, gives every line a timestamp in nanoseconds, and cuts it into pieces.
 * @throws LineError for the first line that InfluxDB would refuse; then nothing of the body is to be accepted.
 */
export function normalizeLines(body: Uint8Array, options: NormalizeOptions): Lines[] {
  const steps = new Normalizer(body, options).steps();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same for bodies that may be large, and final: everything else gets its turn after each MiB. */
export async function normalizeInTurns(body: Uint8Array, options: NormalizeOptions): Promise<Lines[]> {
  const steps = new Normalizer(body, { ...options, isFinal: true }).steps();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await setImmediate();
  }
}

/** Where the sections of a line are. */
type Sections = Pick<LineParser, 'keyEnd' | 'fieldsStart' | 'fieldsEnd' | 'timeStart' | 'timeEnd'>;

class Normalizer {
  readonly #body: Uint8Array;
  readonly #unit: Unit;
  readonly #nowNs: bigint;
  readonly #maxPoints: number;
  readonly #maxBytes: number;
  readonly #isFinal: boolean;
  readonly #plain: PlainLine;
  readonly #parser: LineParser;
  readonly #writer: LineWriter;
  readonly #pieces: { readonly end: number; readonly points: number }[] = [];
  #now: Buffer | undefined;
  #nextQuote = -1;
  #nextBackslash = -1;
  #pieceStart = 0;
  #points = 0;
  /** Where lines begin that go out as they are and are not copied yet; as long as the run itself. */
  #runStart = 0;
  #runEnd = 0;

  constructor(body: Uint8Array, options: NormalizeOptions) {
    const { precision, nowNs, maxPoints = 5_000, maxBytes = 2 ** 20, isFinal = false } = options;
    this.#body = body;
    this.#isFinal = isFinal;
    this.#unit = UNITS[precision];
    this.#nowNs = nowNs;
    this.#maxPoints = maxPoints;
    this.#maxBytes = maxBytes;
    this.#plain = new PlainLine(body);
    this.#parser = new LineParser(body);
    this.#writer = new LineWriter(body);
  }

  /** Stops after each step, and returns the lines in the end. */
  *steps(): Generator<void, Lines[], void> {
    const body = this.#body;
    let stop = STEP_BYTES;
    for (let start = 0; start < body.length; ) {
      start = this.#step(start);
      if (start >= stop) {
        stop = start + STEP_BYTES;
        yield;
      }
    }
    this.#cut(this.#outLength());
    if (this.#isFinal && this.#writer.length === 0) return this.#lines(body.subarray(this.#runStart, this.#runEnd));
    this.#flush();
    return this.#lines(this.#writer.written());
  }

  /** Reads the line, comment or nothing that starts there, and returns where the next one does. */
  #step(start: number): number {
    const body = this.#body;
    const plain = this.#plain;
    const plainEnd = plain.read(start);
    if (plainEnd !== -1) {
      this.#put(plain, start, plainEnd, this.#goesAsItIs(plain));
      return plainEnd + 1;
    }
    const first = skipBlanks(body, start, body.length);
    // A comment is over at its line end, whatever stands in it: InfluxDB lets a quote in it swallow the lines that follow.
    const comment = body[first] === HASH;
    const end = comment ? find(body, NEWLINE, first) : this.#lineEnd(start, first);
    if (!comment && first < end) this.#line(start, first, end);
    return end + 1;
  }

  /** Without blanks before it, quotes and backslashes a line ends at the next line end, which is found many times faster. */
  #lineEnd(start: number, first: number): number {
    const body = this.#body;
    if (this.#nextQuote < start) this.#nextQuote = find(body, QUOTE, start);
    if (this.#nextBackslash < start) this.#nextBackslash = find(body, BACKSLASH, start);
    const end = find(body, NEWLINE, start);
    const plain = start === first && end <= this.#nextQuote && end <= this.#nextBackslash;
    return plain ? end : lineEnd(body, start);
  }

  #line(start: number, first: number, lineEnd: number): void {
    const body = this.#body;
    const end = body[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === first) return;
    if (end - first > MAX_LINE_BYTES) {
      throw LineError.at(body, first, `the line takes ${end - first} bytes; ${MAX_LINE_BYTES} are allowed`);
    }
    const parser = this.#parser;
    parser.parse(first, end);
    const asIs = start === first && lineEnd < body.length && end === lineEnd && this.#isCanonical(end);
    const before = this.#outLength();
    this.#put(parser, first, lineEnd, asIs);
    if (!asIs && (start !== first || parser.escapes)) this.#expectOneLine(before, first);
  }

  /** Puts out the line that was read, and counts it: as it is together with its line end, or written anew. */
  #put(sections: Sections, first: number, lineEnd: number, asIs: boolean): void {
    const before = this.#outLength();
    if (asIs) {
      if (this.#runEnd !== first) {
        this.#flush();
        this.#runStart = first;
      }
      this.#runEnd = lineEnd + 1;
    } else {
      this.#flush();
      this.#rewrite(sections, first);
    }
    this.#count(before);
  }

  /** Whether the line that was parsed goes out as it came. */
  #isCanonical(end: number): boolean {
    const { keyEnd, fieldsStart, fieldsEnd, timeStart, timeEnd } = this.#parser;
    return (
      timeEnd === end &&
      timeStart === fieldsEnd + 1 &&
      fieldsStart === keyEnd + 1 &&
      this.#body[fieldsEnd] === SPACE &&
      this.#goesAsItIs(this.#parser)
    );
  }

  /** Whether its timestamp does. */
  #goesAsItIs({ timeStart, timeEnd }: Sections): boolean {
    return this.#unit.zeros === 0 && timeEnd > timeStart && isPlain(this.#body, timeStart, timeEnd, 0);
  }

  #rewrite({ keyEnd, fieldsStart, fieldsEnd, timeStart, timeEnd }: Sections, first: number): void {
    const writer = this.#writer;
    const { zeros } = this.#unit;
    if (timeEnd === timeStart && this.#body[fieldsEnd - 1] === BACKSLASH) {
      throw LineError.at(this.#body, fieldsEnd - 1, 'a backslash at the end of the line');
    }
    const timed = timeEnd > timeStart;
    const plain = timed && zeros !== undefined && isPlain(this.#body, timeStart, timeEnd, zeros);
    if (fieldsStart === keyEnd + 1) writer.copy(first, fieldsEnd);
    else {
      writer.copy(first, keyEnd);
      writer.space();
      writer.copy(fieldsStart, fieldsEnd);
    }
    writer.space();
    if (plain) {
      writer.copy(timeStart, timeEnd);
      writer.zeros(zeros);
    } else writer.bytes(timed ? this.#converted(timeStart, timeEnd) : this.#stamp());
    writer.endLine();
  }

  #converted(start: number, end: number): Buffer {
    const instant = toNanoseconds(this.#body, start, end, this.#unit);
    if (instant === undefined) {
      throw LineError.at(this.#body, start, 'the timestamp is outside of what 64-bit nanoseconds reach (1677 to 2262)');
    }
    return Buffer.from(instant.toString());
  }

  #stamp(): Buffer {
    const { nanoseconds } = this.#unit;
    this.#now ??= Buffer.from((this.#nowNs - (this.#nowNs % nanoseconds)).toString());
    return this.#now;
  }

  /** What is put behind the line must not become part of it, and it must not swallow its neighbours. */
  #expectOneLine(start: number, first: number): void {
    const line = this.#writer.written(start);
    if (lineEnd(line, 0) !== line.length - 1) {
      throw LineError.at(
        this.#body,
        first,
        'InfluxDB would read this line as one with its neighbours: escape its quotes',
      );
    }
  }

  /** The output with the lines that are not copied yet. */
  #outLength(): number {
    return this.#writer.length + this.#runEnd - this.#runStart;
  }

  #flush(): void {
    if (this.#runEnd > this.#runStart) this.#writer.copy(this.#runStart, this.#runEnd);
    this.#runStart = this.#runEnd;
  }

  /** Counts the line that was put out last, from `before` on, and cuts before it where it does not fit. */
  #count(before: number): void {
    const end = this.#outLength();
    if (this.#points === this.#maxPoints || (this.#points > 0 && end - this.#pieceStart > this.#maxBytes)) {
      this.#cut(before);
    }
    this.#points++;
  }

  #cut(end: number): void {
    if (this.#points > 0) this.#pieces.push({ end, points: this.#points });
    this.#pieceStart = end;
    this.#points = 0;
  }

  #lines(out: Uint8Array): Lines[] {
    let start = 0;
    return this.#pieces.map(({ end, points }) => {
      const piece = { body: Buffer.from(out.buffer, out.byteOffset + start, end - start), points };
      start = end;
      return piece;
    });
  }
}

/** Where that byte is next; the length where it is no more. */
function find(body: Uint8Array, byte: number, from: number): number {
  const at = body.indexOf(byte, from);
  return at === -1 ? body.length : at;
}
