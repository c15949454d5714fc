import type { Gap } from '../frames/frame.js';
import { Ranges } from '../ranges/ranges.js';
import type { LaneCheckpoint } from './checkpoint.js';

/**
 * What a lane knows only while the log is scanned that it is owed from: what the checkpoint says about frames that are
 * still to be found, and which ones were not.
 */
export class RecoveryScan {
  /** The last frame that the checkpoint counts. */
  readonly #throughSeq: number;
  readonly #done: Ranges;
  /** Frames that were passed over, beyond what the checkpoint counts. */
  readonly #holes = new Ranges();
  /** Points that the checkpoint owes and that were not found yet. */
  owedPoints: number;

  constructor(checkpoint: LaneCheckpoint | undefined) {
    this.#throughSeq = checkpoint?.throughSeq ?? 0;
    this.#done = new Ranges(checkpoint?.done);
    this.owedPoints = checkpoint === undefined ? 0 : owed(checkpoint);
  }

  isDone(seq: number): boolean {
    return this.#done.has(seq);
  }

  /** A frame that the checkpoint counts and does not know as done. Returns how many points that is more than it owes. */
  find(points: number): number {
    const found = Math.min(points, this.owedPoints);
    this.owedPoints -= found;
    return points - found;
  }

  passOver(fromSeq: number, toSeq: number): void {
    this.#holes.add(fromSeq, toSeq);
  }

  /**
   * How many points of a gap no checkpoint counts; undefined: it counts all of its frames, or they were told before.
   * `from`: the first one of the gap that is the lane's. `throughSeq`: the last frame that is counted by now.
   */
  uncounted(gap: Gap, from: number, throughSeq: number): number | undefined {
    const isNew =
      Math.max(from, throughSeq + 1) <= gap.toSeq || (this.#holes.next(from) ?? Number.POSITIVE_INFINITY) <= gap.toSeq;
    if (!isNew) return undefined;
    this.#holes.remove(from, gap.toSeq);
    // What the checkpoint counts of it `reconcile` finds missing.
    const counted = gap.fromSeq <= this.#throughSeq ? this.owedPoints : 0;
    return Math.max(0, gap.points - counted);
  }
}

function owed({ totals }: LaneCheckpoint): number {
  const { accepted, released, quarantined, expired, handedOver, damaged } = totals;
  return Math.max(0, accepted - released - quarantined - expired - handedOver - damaged);
}
