import { NEWLINE, SPACE, ZERO } from './bytes.js';

/** Room for what is put behind a line: a blank, the digits of an instant, a line end. */
const LINE_ROOM = 24;

/** Up to so many bytes are copied faster one by one than by a call. */
const SHORT = 128;

/** The output: grows, and takes runs of the input at once. */
export class LineWriter {
  readonly #input: Uint8Array;
  #out = Buffer.alloc(0);
  #length = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get length(): number {
    return this.#length;
  }

  copy(start: number, end: number): void {
    this.#reserve(end - start);
    const input = this.#input;
    const out = this.#out;
    let to = this.#length;
    if (end - start > SHORT) out.set(input.subarray(start, end), to);
    else for (let at = start; at < end; at++) out[to++] = input[at]!;
    this.#length += end - start;
  }

  space(): void {
    this.#out[this.#length++] = SPACE;
  }

  zeros(count: number): void {
    for (let left = count; left > 0; left--) this.#out[this.#length++] = ZERO;
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#out[this.#length++] = byte;
  }

  endLine(): void {
    this.#out[this.#length++] = NEWLINE;
  }

  written(start = 0, end = this.#length): Buffer {
    return this.#out.subarray(start, end);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes + LINE_ROOM;
    if (needed <= this.#out.length) return;
    const before = Math.max(this.#out.length, this.#input.length);
    const grown = Buffer.allocUnsafe(Math.max(needed, before + (before >> 2)));
    grown.set(this.written());
    this.#out = grown;
  }
}
