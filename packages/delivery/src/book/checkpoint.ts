import type { ExpiryReason } from './metrics.js';

/** Points by what became of them, over the folder's life. */
export interface LaneTotals {
  readonly accepted: number;
  readonly released: number;
  readonly quarantined: number;
  readonly expired: number;
  readonly handedOver: number;
  readonly damaged: number;
}

/** What a lane knows about the log's frames that survives the process. */
export interface LaneCheckpoint {
  /** The backend's id. */
  readonly lane: string;
  /** The first frame that is the lane's business. */
  readonly startSeq: number;
  /** The last frame that `totals.accepted` counts. */
  readonly throughSeq: number;
  /** Frames that are done with, `[from, to]`, sorted, apart from each other. */
  readonly done: ReadonlyArray<readonly [from: number, to: number]>;
  readonly totals: LaneTotals;
  /** `totals.expired` by reason; by size, where it is not said. */
  readonly expiredBy?: Readonly<Record<ExpiryReason, number>>;
}
