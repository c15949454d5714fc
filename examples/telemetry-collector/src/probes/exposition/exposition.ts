import { ExpositionError, LineReader, type SeriesLabels } from './line-reader.js';
import type { SeriesFilter } from './series-filter.js';

export interface Series {
  readonly name: string;
  readonly labels: SeriesLabels;
  /** Finite: see `Exposition.notFinite`. */
  readonly value: number;
}

/** What was read of a page. */
export interface Exposition {
  /** The kept series in the page's order. */
  readonly kept: readonly Series[];
  /** All series on the page. */
  readonly seen: number;
  /** Series to keep whose value is NaN or infinite, which line protocol cannot carry. */
  readonly notFinite: number;
  /** Whether the page ended with OpenMetrics' `# EOF`. */
  readonly complete: boolean;
}

export interface ExpositionOptions {
  readonly filter: SeriesFilter;
  /** More kept series than this are an error. */
  readonly maxSeries: number;
  /** A longer line is an error, in characters. Default 65,536. */
  readonly maxLine?: number;
}

const NEWLINE = '\n';
const RETURN = 13;
const HASH = '#';
const EOF = /^[ \t]*# EOF[ \t]*\r?$/;

/**
 * Reads the text exposition format (version 0.0.4) and OpenMetrics as it arrives, in pieces of any size. Every line is
 * checked, kept or not. Time is linear in the page, and memory is the kept series and one line. Timestamps and exemplars
 * are checked or passed over, and not used: a point carries the instant of its turn.
 */
export class ExpositionReader {
  readonly #filter: SeriesFilter;
  readonly #maxSeries: number;
  readonly #maxLine: number;
  readonly #reader = new LineReader();
  readonly #kept: Series[] = [];
  #rest = '';
  #line = 0;
  #seen = 0;
  #notFinite = 0;
  #complete = false;

  constructor({ filter, maxSeries, maxLine = 65_536 }: ExpositionOptions) {
    this.#filter = filter;
    this.#maxSeries = maxSeries;
    this.#maxLine = maxLine;
  }

  /** Takes the next piece. Throws an ExpositionError at the first line that is wrong. */
  push(piece: string): void {
    let start = 0;
    let end = piece.indexOf(NEWLINE);
    if (end !== -1 && this.#rest !== '') {
      const first = this.#rest + piece.slice(0, end);
      this.#rest = '';
      this.#readLine(first, 0, first.length);
      start = end + 1;
      end = piece.indexOf(NEWLINE, start);
    }
    for (; end !== -1; end = piece.indexOf(NEWLINE, start)) {
      this.#readLine(piece, start, end);
      start = end + 1;
    }
    this.#rest += piece.slice(start);
    this.#checkLength(this.#rest.length, this.#line + 1);
  }

  /** The page is over; its last line may lack its end. */
  end(): Exposition {
    const last = this.#rest;
    this.#rest = '';
    if (last !== '') this.#readLine(last, 0, last.length);
    return { kept: this.#kept, seen: this.#seen, notFinite: this.#notFinite, complete: this.#complete };
  }

  #checkLength(length: number, line: number): void {
    if (length <= this.#maxLine) return;
    throw new ExpositionError('malformed', `longer than ${this.#maxLine} characters`, line, this.#maxLine + 1);
  }

  #readLine(text: string, start: number, end: number): void {
    this.#line++;
    this.#checkLength(end - start, this.#line);
    const reader = this.#reader.open(text, start, withoutReturn(text, start, end), this.#line);
    reader.blank();
    if (reader.done) return;
    if (this.#complete) reader.fail('expected nothing after # EOF');
    if (reader.takes(HASH)) this.#complete = EOF.test(text.slice(start, Math.min(end, start + 64)));
    else this.#readSeries(reader);
  }

  #readSeries(reader: LineReader): void {
    const name = reader.metricName();
    const spaced = reader.blank();
    const wanted = this.#filter.keeps(name);
    const labels = reader.labels(wanted);
    if (!(reader.blank() || spaced)) reader.fail('expected a space before the value');
    const value = reader.number('a value');
    if (reader.blank() && !reader.done && !reader.takes(HASH)) {
      reader.number('a timestamp');
      if (reader.blank() && !reader.done && !reader.takes(HASH)) reader.fail('expected the end of the line');
    }
    this.#seen++;
    if (!wanted) return;
    if (!Number.isFinite(value)) this.#notFinite++;
    else if (this.#kept.length < this.#maxSeries) this.#kept.push({ name, labels, value });
    else {
      const reason = `more than ${this.#maxSeries} series to keep; choose fewer`;
      throw new ExpositionError('too-large', reason, this.#line, 1);
    }
  }
}

/** Some pages have lines that end in CR LF. */
const withoutReturn = (text: string, start: number, end: number): number =>
  end > start && text.charCodeAt(end - 1) === RETURN ? end - 1 : end;
