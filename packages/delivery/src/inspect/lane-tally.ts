import type { LaneCheckpoint, LaneTotals } from '../book/checkpoint.js';
import type { Gap } from '../frames/frame.js';

/** A frame as a lane sees it. */
export interface SeenFrame {
  readonly seq: number;
  readonly points: number;
  readonly meta: { readonly lanes?: readonly string[] };
}

const NOTHING: LaneTotals = { accepted: 0, released: 0, quarantined: 0, expired: 0, handedOver: 0, damaged: 0 };

/** Whether the frame is the lane's business at all. */
export const isFor = (lane: string, { meta }: SeenFrame): boolean => meta.lanes?.includes(lane) ?? true;

/** What one lane still owes of a log, counted while frames pass in the order of their sequence numbers. */
export class LaneTally {
  readonly #checkpoint: LaneCheckpoint;
  #range = 0;
  /** Frames and points without an outcome; what is held by the process counts as well. */
  pendingFrames = 0;
  pendingPoints = 0;
  /** Points of those that `totals.accepted` counts. */
  #counted = 0;
  doneFrames = 0;
  /** Points at most that it was owed, of frames that the log has lost. */
  lostPoints = 0;

  constructor(checkpoint: LaneCheckpoint) {
    this.#checkpoint = checkpoint;
  }

  /** Returns whether the lane still owes the frame. */
  see(frame: SeenFrame): boolean {
    const { lane, startSeq, throughSeq } = this.#checkpoint;
    if (frame.seq < startSeq || !isFor(lane, frame)) return false;
    if (this.#isDone(frame.seq)) {
      this.doneFrames++;
      return false;
    }
    this.pendingFrames++;
    this.pendingPoints += frame.points;
    if (frame.seq <= throughSeq) this.#counted += frame.points;
    return true;
  }

  /** Frames are lost that the lane may have been owed: how many points of them it was cannot be told from here. */
  lose({ fromSeq, toSeq, points }: Pick<Gap, 'fromSeq' | 'toSeq' | 'points'>): void {
    const { startSeq, done } = this.#checkpoint;
    const isDone = done.some(([from, to]) => from <= fromSeq && toSeq <= to);
    if (toSeq >= startSeq && !isDone) this.lostPoints += points;
  }

  /**
   * Points that the lane accepted, that have no outcome, and that the log does not hold: 0 when
   * accepted = pending + released + quarantined + expired + handed over + damaged. Negative: too much has an outcome.
   */
  get missing(): number {
    const { accepted, released, quarantined, expired, handedOver, damaged } = this.#checkpoint.totals;
    return accepted - released - quarantined - expired - handedOver - damaged - this.#counted;
  }

  get totals(): LaneTotals {
    return this.#checkpoint.totals;
  }

  #isDone(seq: number): boolean {
    const { done } = this.#checkpoint;
    while (this.#range < done.length && done[this.#range]![1] < seq) this.#range++;
    const range = done[this.#range];
    return range !== undefined && range[0] <= seq;
  }
}

/** A lane whose checkpoint cannot be read owes everything. */
export const blankCheckpoint = (lane: string): LaneCheckpoint => ({
  lane,
  startSeq: 1,
  throughSeq: 0,
  done: [],
  totals: NOTHING,
});
