import type { Gap } from '../frames/frame.js';
import { type FrameHeader, frameBytes } from './frame-codec.js';
import type { SegmentInfo } from './frame-log.js';
import { SEGMENT_HEADER_BYTES } from './segment-codec.js';
import { SparseIndex } from './sparse-index.js';

/** What is known of one segment. It grows as frames are found or become durable. */
export class Segment {
  readonly id: number;
  readonly marker: Buffer;
  readonly index = new SparseIndex();
  /** The last frame that was in it, readable or not, and the running total after that. */
  lastSeq: number;
  endTotal: number;
  /** Where its last frame ends: what is behind is not durable. */
  end = SEGMENT_HEADER_BYTES;
  /** Its size on disk. */
  bytes = SEGMENT_HEADER_BYTES;
  readonly #startTotal: number;
  #firstAcceptedAtMs: number;
  #lastAcceptedAtMs: number;

  constructor(options: { id: number; marker: Buffer; totalBefore: number; begunAtMs: number }) {
    this.id = options.id;
    this.marker = options.marker;
    this.lastSeq = options.id - 1;
    this.#startTotal = options.totalBefore;
    this.endTotal = options.totalBefore;
    this.#firstAcceptedAtMs = options.begunAtMs;
    this.#lastAcceptedAtMs = options.begunAtMs;
  }

  get isEmpty(): boolean {
    return this.lastSeq < this.id;
  }

  /** Where reading begins that wants the frame: at it, or before. */
  startFor(seq: number): { seq: number; totalBefore: number; offset: number } {
    return this.index.entryBefore(seq) ?? { seq: this.id, totalBefore: this.#startTotal, offset: SEGMENT_HEADER_BYTES };
  }

  /** Where reading may end that wants nothing behind the frame: at its end, or after. */
  endFor(seq: number): number {
    return this.index.offsetAfter(seq) ?? this.end;
  }

  add(header: FrameHeader, offset: number): void {
    if (this.end === SEGMENT_HEADER_BYTES) {
      this.#firstAcceptedAtMs = header.acceptedAtMs;
      this.#lastAcceptedAtMs = header.acceptedAtMs;
    }
    this.#firstAcceptedAtMs = Math.min(this.#firstAcceptedAtMs, header.acceptedAtMs);
    this.#lastAcceptedAtMs = Math.max(this.#lastAcceptedAtMs, header.acceptedAtMs);
    this.index.add(header, offset);
    this.lastSeq = header.seq;
    this.endTotal = header.totalBefore + header.points;
    this.end = offset + frameBytes(header);
    this.bytes = Math.max(this.bytes, this.end);
  }

  /** Its last frames, up to this one, are damaged. */
  lose(toSeq: number, endTotal: number): Gap {
    const points = Math.max(0, endTotal - this.endTotal);
    const gap = { fromSeq: this.lastSeq + 1, toSeq, points, segment: this.id };
    this.lastSeq = toSeq;
    this.endTotal += points;
    return gap;
  }

  info(isActive: boolean): SegmentInfo {
    return {
      id: this.id,
      lastSeq: this.lastSeq,
      points: this.endTotal - this.#startTotal,
      bytes: this.bytes,
      firstAcceptedAtMs: this.#firstAcceptedAtMs,
      lastAcceptedAtMs: this.#lastAcceptedAtMs,
      isActive,
    };
  }
}
