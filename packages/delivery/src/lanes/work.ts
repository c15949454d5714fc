import { isUtf8 } from 'node:buffer';
import type { Frame } from '../frames/frame.js';
import { NEWLINE } from '../lines/bytes.js';
import { splitLines } from '../lines/split.js';
import type { ResentReason } from './metrics.js';

/** Lines of a frame, counted from 0: from the first up to but without the last. */
export type LineSpan = readonly [from: number, to: number];

/** All lines, of whatever frame. */
export const WHOLE: LineSpan = [0, Number.POSITIVE_INFINITY];

/** Lines that have no outcome yet, and what became of them when they were sent before. */
export interface Open {
  readonly span: LineSpan;
  /** Undefined: they were never sent. */
  readonly reason: ResentReason | undefined;
}

/** Something of the frame is stored: by the run of the backend that was seen before it was sent, or a later one. */
export interface Stored {
  readonly epoch: number | undefined;
}

/** What is remembered of a frame that was sent, and is pending again. */
export interface Unfinished {
  readonly open: readonly Open[];
  readonly quarantined: number;
  readonly stored: Stored | undefined;
}

/** A line that the backend refused for good. */
export interface RefusedLine {
  readonly line: number;
  readonly words: string;
}

/** One frame on its way to the backend. */
export class FrameWork {
  readonly frame: Frame;
  /** What has no outcome when it begins. */
  readonly open: readonly Open[];
  /** Lines that are in quarantine. */
  quarantined: number;
  stored: Stored | undefined;
  #undecided: number;
  #refused: RefusedLine[] = [];
  #lines: Buffer[] | undefined;

  constructor(frame: Frame, before: Unfinished | undefined) {
    this.frame = frame;
    const open = before?.open ?? [{ span: WHOLE, reason: undefined }];
    this.open = open.map(({ span: [from, to], reason }) => ({ span: [from, Math.min(to, frame.points)], reason }));
    this.quarantined = before?.quarantined ?? 0;
    this.stored = before?.stored;
    this.#undecided = this.open.reduce((sum, { span: [from, to] }) => sum + to - from, 0);
  }

  get isDecided(): boolean {
    return this.#undecided === 0;
  }

  bytes([from, to]: LineSpan): Buffer {
    const { body, points } = this.frame;
    if (to - from === points) return body;
    return body.subarray(this.#offset(from), this.#offset(to));
  }

  /** A line as text, and its bytes where text cannot hold them all. */
  line(line: number): { readonly text: string; readonly bytes?: Uint8Array } {
    const whole = this.bytes([line, line + 1]);
    const bytes = whole.at(-1) === NEWLINE ? whole.subarray(0, -1) : whole;
    return { text: bytes.toString(), ...(isUtf8(bytes) ? {} : { bytes }) };
  }

  storedSpan([from, to]: LineSpan, epoch: number | undefined): void {
    this.#undecided -= to - from;
    this.stored ??= { epoch };
  }

  refusedLine(line: number, words: string): void {
    this.#undecided -= 1;
    this.#refused.push({ line, words });
  }

  /** The lines that were refused since this was asked last. */
  takeRefused(): RefusedLine[] {
    return this.#refused.splice(0);
  }

  #offset(line: number): number {
    const { body } = this.frame;
    this.#lines ??= splitLines(body);
    const found = this.#lines[line];
    return found === undefined ? body.length : found.byteOffset - body.byteOffset;
  }
}
