import type { LaneTotals } from '../book/checkpoint.js';

export interface LaneReport {
  /** The backend's URL; undefined: the file that says so cannot be read. */
  readonly lane: string | undefined;
  /** False: the lane was given up and is owed nothing; only its quarantine file is left. */
  readonly hasCheckpoint: boolean;
  /** Frames and points that the log holds and the backend lacks, those among them that it has not confirmed for good. */
  readonly pendingFrames: number;
  readonly pendingPoints: number;
  /** Frames of the log that are done with. */
  readonly doneFrames: number;
  readonly totals: LaneTotals | undefined;
  /** Lines that wait in the quarantine file. */
  readonly quarantinedLines: number;
  /** Lines that had to make room in it for newer ones. */
  readonly givenUpLines: number;
  /** An operator gave the lane up; the process that holds the slot will drop what it owes. */
  readonly isReleased: boolean;
}

export interface SlotReport {
  /** `slot-1`. */
  readonly slot: string;
  /** A living process holds it. */
  readonly isHeld: boolean;
  readonly segments: number;
  readonly bytes: number;
  readonly frames: number;
  readonly points: number;
  /** When its oldest and newest frame were accepted, in milliseconds since the epoch; undefined: there is none. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** Places that `verify` would name. */
  readonly damages: number;
  readonly lanes: readonly LaneReport[];
}
