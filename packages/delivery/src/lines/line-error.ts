import { NEWLINE } from './bytes.js';

/** A line that is not line protocol. */
export class LineError extends Error {
  override readonly name = 'LineError';
  readonly code = 'ERR_DELIVERY_LINE';
  /** From 1. */
  readonly line: number;
  /** In bytes, from 1. */
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`);
    this.line = line;
    this.column = column;
  }

  /** Of the byte at `offset`; a line end inside a quoted string counts, so that an editor finds the place. */
  static at(body: Uint8Array, offset: number, message: string): LineError {
    let line = 1;
    let start = 0;
    for (let end = body.indexOf(NEWLINE); end !== -1 && end < offset; end = body.indexOf(NEWLINE, start)) {
      line += 1;
      start = end + 1;
    }
    return new LineError(line, offset - start + 1, message);
  }
}
