import type { Recorder } from '@breakwater/resilience';
import type { FrameSummary, Gap } from '../frames/frame.js';
import { Ranges } from '../ranges/ranges.js';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';
import { Ledger } from './ledger.js';
import { BOOK_METRICS, type ExpiryReason } from './metrics.js';
import { type OpenSegment, OpenSegments } from './open-segments.js';
import { RecoveryScan } from './recovery-scan.js';

/** What became of a frame that was sent. */
export interface Settlement {
  /** Points of it that the backend refused for good. */
  readonly quarantined: number;
  /** Keep it as held until `release` or `rewind`: the backend answers before the data is safe. */
  readonly hold: boolean;
}

interface HeldFrame {
  readonly segment: number;
  readonly points: number;
  readonly quarantined: number;
}

/**
 * The account of one lane: which frames of the log it still owes to its backend. Every frame is pending, in flight
 * (pending still, to the ledger), held or done; every term of the ledger is a counter of its own:
 * accepted = pending + held + released + quarantined + expired + handedOver + damaged, at every instant. So it is over the
 * folder's life, and since the process opened it with what it carried over then, which is what is measured.
 *
 * It keeps ranges of frames and a sum for each segment, so that frames that wait cost nothing each.
 */
export class LaneBook {
  readonly lane: string;
  readonly #startSeq: number;
  /** The last frame that is counted as accepted, or known not to be the lane's. */
  #throughSeq: number;
  #lastAdded = 0;
  #scan: RecoveryScan | undefined;
  /** Frames that are pending and not in flight. */
  readonly #waiting = new Ranges();
  /** Frames that are not done. */
  readonly #open = new Ranges();
  /** Points by frame. */
  readonly #inFlight = new Map<number, number>();
  readonly #held = new Map<number, HeldFrame>();
  readonly #segments = new OpenSegments();
  readonly #ledger: Ledger;
  /** Until the scan finds them, frames that are owed are in it as one sum. */
  #pendingPoints: number;
  #heldPoints = 0;
  #version = 0;

  /** `startSeq`: the first frame that is the lane's business, where there is no checkpoint. */
  constructor(options: { lane: string; startSeq: number; checkpoint?: LaneCheckpoint }) {
    const { lane, checkpoint } = options;
    if (checkpoint !== undefined && checkpoint.lane !== lane) {
      throw new Error(`the checkpoint of lane ${checkpoint.lane} is not one of lane ${lane}`);
    }
    this.lane = lane;
    this.#startSeq = checkpoint?.startSeq ?? options.startSeq;
    this.#throughSeq = checkpoint?.throughSeq ?? this.#startSeq - 1;
    this.#scan = new RecoveryScan(checkpoint);
    this.#ledger = new Ledger(checkpoint);
    this.#pendingPoints = this.#scan.owedPoints;
  }

  /**
   * A frame is in the log: found by the scan that opened it, or just committed. In the order of sequence numbers. After
   * the scan they go on behind what the checkpoint counts (`minNextSeq` of the log), also when the log's end is lost.
   */
  add(frame: FrameSummary): void {
    const { seq, points, lanes } = frame;
    if (seq <= Math.max(this.#lastAdded, this.#scan === undefined ? this.#throughSeq : 0)) {
      throw new Error(`frame ${seq} of lane ${this.lane} is out of order: it knows frames up to ${this.#throughSeq}`);
    }
    this.#lastAdded = seq;
    if (seq < this.#startSeq) return;
    const isCounted = seq <= this.#throughSeq;
    if (!isCounted) {
      this.#scan?.passOver(this.#throughSeq + 1, seq - 1);
      this.#throughSeq = seq;
      this.#version++;
    }
    if (lanes?.includes(this.lane) === false || (isCounted && this.#scan!.isDone(seq))) return;
    if (isCounted) this.#find(points);
    else {
      if (this.#scan === undefined) this.#ledger.accept(points);
      else this.#ledger.find(points);
      this.#pendingPoints += points;
    }
    this.#open.add(seq);
    this.#waiting.add(seq);
    this.#segments.append(frame);
  }

  /**
   * The scan is over: what the checkpoint still owes and the log lacks is damaged. Returns how many points. Gaps that the
   * scan found are told to `damage` before: frames that no checkpoint counts are counted by that alone.
   */
  reconcile(): number {
    const points = this.#scan?.owedPoints ?? 0;
    this.#scan = undefined;
    this.#lose(points);
    this.#ledger.open(this.#pendingPoints);
    return points;
  }

  /** The first frame from `fromSeq` on that is pending and not in flight. */
  nextPending(fromSeq: number): number | undefined {
    return this.#waiting.next(fromSeq);
  }

  /** Pending and not in flight. */
  isPending(seq: number): boolean {
    return this.#waiting.has(seq);
  }

  /** Pending → in flight. */
  take(frames: readonly FrameSummary[]): void {
    for (const { seq, points, segment } of frames) {
      if (!this.#waiting.has(seq)) throw this.#mistake(seq, 'pending');
      this.#waiting.remove(seq);
      this.#inFlight.set(seq, points);
      this.#lose(this.#segments.take(segment, points));
    }
  }

  /** In flight → pending. */
  putBack(frames: readonly FrameSummary[]): void {
    for (const frame of frames) this.#waitAgain(frame.seq, frame.segment, this.#land(frame));
  }

  /** In flight → done, or held. A held frame's quarantined points count when it is released. */
  settle(frame: FrameSummary, { quarantined, hold }: Settlement): void {
    const { seq, segment } = frame;
    if (!(quarantined >= 0 && quarantined <= frame.points)) {
      throw new RangeError(`${quarantined} points of frame ${seq} are quarantined, and it holds ${frame.points}`);
    }
    const points = this.#land(frame);
    this.#pendingPoints -= points;
    if (hold) {
      this.#held.set(seq, { segment, points, quarantined });
      this.#heldPoints += points;
      return;
    }
    this.#deliver(points, quarantined);
    this.#finishTaken(seq, segment);
  }

  /** Held → done. */
  release(seqs: readonly number[]): void {
    for (const seq of seqs) {
      const { segment, points, quarantined } = this.#unhold(seq);
      this.#deliver(points, quarantined);
      this.#finishTaken(seq, segment);
    }
  }

  /** Held → pending. Returns how many points. */
  rewind(seqs: readonly number[]): number {
    let rewound = 0;
    for (const seq of seqs) {
      const { segment, points } = this.#unhold(seq);
      this.#pendingPoints += points;
      this.#waitAgain(seq, segment, points);
      rewound += points;
    }
    return rewound;
  }

  /** Every held frame → pending: nobody will hear whether they are safe. Returns how many points. */
  rewindHeld(): number {
    return this.rewind([...this.#held.keys()]);
  }

  /**
   * Pending → expired, up to and including `toSeq`; what is in flight or held stays. Returns what expired.
   * A segment expires as a whole: `toSeq` is the last frame of one, and a segment with frames behind it stays.
   */
  expire(toSeq: number, reason: ExpiryReason): { frames: number; points: number } {
    const expired = { frames: 0, points: 0 };
    for (const { id, lastSeq, waitingFrames, waitingPoints } of this.#segments) {
      if (lastSeq > toSeq) break;
      this.#closeWaiting(id, lastSeq);
      this.#pendingPoints -= waitingPoints;
      this.#ledger.expire(reason, waitingPoints);
      this.#segments.close(id, waitingFrames, waitingPoints);
      expired.frames += waitingFrames;
      expired.points += waitingPoints;
    }
    return expired;
  }

  /** Pending or in flight → handed over. */
  handOver(frames: readonly FrameSummary[]): void {
    for (const frame of frames) {
      if (!this.#inFlight.has(frame.seq)) this.take([frame]);
      const points = this.#land(frame);
      this.#pendingPoints -= points;
      this.#ledger.count('handedOver', points);
      this.#finishTaken(frame.seq, frame.segment);
    }
  }

  /**
   * Pending → damaged: the log cannot read these any more. Returns how many points that was for this lane. Where some
   * frames of a longer gap were done before, its share is not known, and is counted once nothing else of the segment
   * waits: the points of a frame are not kept.
   */
  damage(gap: Gap): number {
    const before = this.#ledger.totals.damaged;
    if (this.#scan !== undefined) this.#acceptLost(this.#scan, gap);
    for (const segment of this.#segments) {
      if (segment.id <= gap.toSeq && segment.lastSeq >= gap.fromSeq) this.#damageIn(segment, gap);
    }
    return this.#ledger.totals.damaged - before;
  }

  /** Whether a frame of the segment is not done. */
  needs(segment: number): boolean {
    return this.#segments.has(segment);
  }

  /** The segments that it needs, from old to new. */
  neededSegments(): readonly number[] {
    return this.#segments.ids;
  }

  /** The segment is deleted: nothing is remembered of it but the totals. */
  forget(segment: number): void {
    if (this.needs(segment)) {
      throw new Error(`segment ${segment} cannot be forgotten: lane ${this.lane} still owes frames of it`);
    }
  }

  /** Points that are pending or in flight. */
  get pending(): number {
    return this.#pendingPoints;
  }

  get held(): number {
    return this.#heldPoints;
  }

  /** Over the folder's life. */
  get totals(): LaneTotals {
    return this.#ledger.totals;
  }

  /** Grows whenever the next checkpoint would differ. */
  get version(): number {
    return this.#version;
  }

  checkpoint(): LaneCheckpoint {
    if (this.#scan !== undefined) {
      throw new Error(`lane ${this.lane} has no checkpoint before reconcile: frames may be found yet`);
    }
    return {
      lane: this.lane,
      startSeq: this.#startSeq,
      throughSeq: this.#throughSeq,
      done: [...this.#open.gapsWithin(this.#startSeq, this.#throughSeq)],
      totals: this.#ledger.totals,
      expiredBy: this.#ledger.expiredBy,
    };
  }

  measure(record: Recorder, labels: { readonly backend: string; readonly slot: string }): void {
    record(BOOK_METRICS.pending, labels, this.#pendingPoints);
    record(BOOK_METRICS.held, labels, this.#heldPoints);
    this.#ledger.measure(record, labels);
  }

  /** A frame that the checkpoint counted, and does not know as done. */
  #find(points: number): void {
    const excess = this.#scan!.find(points);
    this.#pendingPoints += excess;
    this.#ledger.takeBack(excess);
  }

  #waitAgain(seq: number, segment: number, points: number): void {
    this.#waiting.add(seq);
    this.#segments.putBack(segment, points);
  }

  #closeWaiting(from: number, to: number): number {
    const ranges = [...this.#waiting.within(from, to)];
    for (const [first, last] of ranges) this.#open.remove(first, last);
    this.#waiting.remove(from, to);
    this.#version++;
    return ranges.reduce((frames, [first, last]) => frames + last - first + 1, 0);
  }

  #finishTaken(seq: number, segment: number): void {
    this.#open.remove(seq);
    this.#version++;
    this.#segments.finish(segment);
  }

  #land({ seq }: FrameSummary): number {
    const points = this.#inFlight.get(seq);
    if (points === undefined) throw this.#mistake(seq, 'in flight');
    this.#inFlight.delete(seq);
    return points;
  }

  #unhold(seq: number): HeldFrame {
    const frame = this.#held.get(seq);
    if (frame === undefined) throw this.#mistake(seq, 'held');
    this.#held.delete(seq);
    this.#heldPoints -= frame.points;
    return frame;
  }

  #deliver(points: number, quarantined: number): void {
    this.#ledger.count('released', points - quarantined);
    this.#ledger.count('quarantined', quarantined);
  }

  #lose(points: number): void {
    if (points === 0) return;
    this.#pendingPoints -= points;
    this.#ledger.count('damaged', points);
    this.#version++;
  }

  /** Frames that were committed after the checkpoint, and that the scan lacks: accepted, and damaged. */
  #acceptLost(scan: RecoveryScan, gap: Gap): void {
    const points = scan.uncounted(gap, Math.max(gap.fromSeq, this.#startSeq), this.#throughSeq);
    if (points === undefined) return;
    this.#throughSeq = Math.max(this.#throughSeq, gap.toSeq);
    this.#ledger.find(points);
    this.#ledger.count('damaged', points);
    this.#version++;
  }

  #damageIn({ id, lastSeq, waitingFrames, waitingPoints }: OpenSegment, { fromSeq, toSeq, points }: Gap): void {
    const isWithin = fromSeq >= id && toSeq <= lastSeq;
    const isAllOpen = this.#open.nextGap(fromSeq) > toSeq;
    const frames = this.#closeWaiting(Math.max(fromSeq, id), Math.min(toSeq, lastSeq));
    if (frames === 0) return;
    const isKnown = isWithin && isAllOpen && frames < waitingFrames;
    const lost = isKnown ? Math.min(waitingPoints, points - this.#takenPoints(fromSeq, toSeq)) : 0;
    this.#lose(lost + this.#segments.close(id, frames, lost));
  }

  /** Points of those frames that are in flight or held. */
  #takenPoints(fromSeq: number, toSeq: number): number {
    let points = 0;
    for (const [seq, its] of this.#inFlight) if (seq >= fromSeq && seq <= toSeq) points += its;
    for (const [seq, held] of this.#held) if (seq >= fromSeq && seq <= toSeq) points += held.points;
    return points;
  }

  #mistake(seq: number, state: string): Error {
    return new Error(`frame ${seq} of lane ${this.lane} is not ${state}: who asked has lost count`);
  }
}
