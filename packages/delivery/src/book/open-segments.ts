import type { FrameSummary } from '../frames/frame.js';

/** What is not done of a segment. Waiting: pending and not in flight. */
export interface OpenSegment {
  readonly id: number;
  /** The last frame that was added. */
  lastSeq: number;
  waitingFrames: number;
  waitingPoints: number;
  /** In flight or held. */
  takenFrames: number;
}

/** The segments with frames that are not done, from old to new: a sum for each, since points of frames are not kept. */
export class OpenSegments {
  readonly #segments = new Map<number, OpenSegment>();

  has(id: number): boolean {
    return this.#segments.has(id);
  }

  get ids(): number[] {
    return [...this.#segments.keys()];
  }

  /** They may change meanwhile. */
  [Symbol.iterator](): Iterator<Readonly<OpenSegment>> {
    return [...this.#segments.values()].values();
  }

  /** A new frame waits. */
  append({ segment: id, seq, points }: Pick<FrameSummary, 'segment' | 'seq' | 'points'>): void {
    let segment = this.#segments.get(id);
    if (segment === undefined) {
      segment = { id, lastSeq: seq, waitingFrames: 0, waitingPoints: 0, takenFrames: 0 };
      this.#segments.set(id, segment);
    }
    segment.lastSeq = seq;
    segment.waitingFrames++;
    segment.waitingPoints += points;
  }

  /** A frame that waited is in flight. Returns points that are lost: see `close`. */
  take(id: number, points: number): number {
    this.#segments.get(id)!.takenFrames++;
    return this.close(id, 1, points);
  }

  /** A frame that was in flight or held waits again. */
  putBack(id: number, points: number): void {
    const segment = this.#segments.get(id)!;
    segment.takenFrames--;
    segment.waitingFrames++;
    segment.waitingPoints += points;
  }

  /** A frame that was in flight or held is done. */
  finish(id: number): void {
    const segment = this.#segments.get(id)!;
    segment.takenFrames--;
    this.#forgetIfDone(segment);
  }

  /**
   * Frames wait no more. Returns points that are lost: of frames that were closed before, whose share could not be told
   * then, and is what is left now that nothing waits.
   */
  close(id: number, frames: number, points: number): number {
    const segment = this.#segments.get(id)!;
    segment.waitingFrames -= frames;
    segment.waitingPoints -= points;
    if (segment.waitingFrames > 0) return 0;
    const lost = segment.waitingPoints;
    segment.waitingPoints = 0;
    this.#forgetIfDone(segment);
    return lost;
  }

  #forgetIfDone({ id, waitingFrames, takenFrames }: OpenSegment): void {
    if (waitingFrames === 0 && takenFrames === 0) this.#segments.delete(id);
  }
}
