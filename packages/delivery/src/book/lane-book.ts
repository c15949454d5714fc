import type { FrameSummary, Gap } from '../frames/frame.js';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';

/** What became of a frame that was sent. */
export interface Settlement {
  /** Points of it that the backend refused for good. */
  readonly quarantined: number;
  /** Keep it as held until `release` or `rewind`: the backend answers before the data is safe. */
  readonly hold: boolean;
}

/**
 * The account of one lane: which frames of the log it still owes to its backend. Every frame is pending, in flight
 * (pending still, to the ledger), held or done; every term of the ledger is a counter of its own:
 * accepted = pending + held + released + quarantined + expired + handedOver + damaged, at every instant.
 */
export class LaneBook {
  readonly lane: string;

  /** `startSeq`: the first frame that is the lane's business, where there is no checkpoint. */
  constructor(options: { lane: string; startSeq: number; checkpoint?: LaneCheckpoint }) {
    this.lane = options.lane;
    throw new Error('not built yet');
  }

  /** A frame is in the log: found by the scan that opened it, or just committed. In the order of sequence numbers. */
  add(_frame: FrameSummary): void {}

  /** The scan is over: what the checkpoint still owes and the log lacks is damaged. Returns how many points. */
  reconcile(): number {
    return 0;
  }

  /** The first frame from `fromSeq` on that is pending and not in flight. */
  nextPending(_fromSeq: number): number | undefined {
    return undefined;
  }

  isPending(_seq: number): boolean {
    return false;
  }

  /** Pending → in flight. */
  take(_frames: readonly FrameSummary[]): void {}

  /** In flight → pending. */
  putBack(_frames: readonly FrameSummary[]): void {}

  /** In flight → done, or held. A held frame's quarantined points count when it is released. */
  settle(_frame: FrameSummary, _settlement: Settlement): void {}

  /** Held → done. */
  release(_seqs: readonly number[]): void {}

  /** Held → pending. Returns how many points. */
  rewind(_seqs: readonly number[]): number {
    return 0;
  }

  /** Pending → expired, up to and including `toSeq`; what is in flight or held stays. Returns what expired. */
  expire(_toSeq: number): { frames: number; points: number } {
    return { frames: 0, points: 0 };
  }

  /** Pending or in flight → handed over. */
  handOver(_frames: readonly FrameSummary[]): void {}

  /** Pending → damaged: the log cannot read these any more. Returns how many points that was for this lane. */
  damage(_gap: Gap): number {
    return 0;
  }

  /** Whether a frame of the segment is not done. */
  needs(_segment: number): boolean {
    return false;
  }

  /** The segments that it needs, from old to new. */
  neededSegments(): readonly number[] {
    return [];
  }

  /** The segment is deleted: nothing is remembered of it but the totals. */
  forget(_segment: number): void {}

  /** Points that are pending or in flight; frames likewise. */
  get pending(): number {
    return 0;
  }

  get held(): number {
    return 0;
  }

  get totals(): LaneTotals {
    throw new Error('not built yet');
  }

  /** Grows whenever the next checkpoint would differ. */
  get version(): number {
    return 0;
  }

  checkpoint(): LaneCheckpoint {
    throw new Error('not built yet');
  }
}
