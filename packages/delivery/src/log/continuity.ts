import type { Gap } from '../frames/frame.js';
import type { FrameHeader } from './frame-codec.js';

/** Follows sequence numbers and running totals from frame to frame: what is missing shows in the next one. */
export class Continuity {
  readonly #segment: number;
  /** The frame that comes next, and the points before it, if nothing is missing. */
  seq: number;
  total: number;

  constructor(segment: number, next: { seq: number; totalBefore: number }) {
    this.#segment = segment;
    this.seq = next.seq;
    this.total = next.totalBefore;
  }

  /** What is missing before this frame. */
  pass(header: FrameHeader): Gap | undefined {
    const gap = this.missing(header.seq, header.totalBefore);
    this.seq = header.seq + 1;
    this.total = header.totalBefore + header.points;
    return gap;
  }

  /** What is missing when frame `seq` follows. */
  missing(seq: number, totalBefore: number): Gap | undefined {
    if (seq <= this.seq) return undefined;
    const points = Math.max(0, totalBefore - this.total);
    return { fromSeq: this.seq, toSeq: seq - 1, points, segment: this.#segment };
  }
}
