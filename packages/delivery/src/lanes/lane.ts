import type { Measured, Recorder } from '@breakwater/resilience';
import type { Backend, HoldReason } from '../backend/backend.js';
import type { LaneBook } from '../book/lane-book.js';
import type { FrameLog } from '../log/frame-log.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import type { LaneGate } from './gate.js';

export type { LaneSettings } from './settings.js';

export interface LaneOptions {
  /** What it shares with the other lanes to its backend. */
  readonly gate: LaneGate;
  /** The folder that the log is in, for metrics: `slot-1`. */
  readonly slot: string;
  readonly log: FrameLog;
  readonly book: LaneBook;
  readonly quarantine: Quarantine;
}

export interface LaneStatus {
  readonly backend: string;
  readonly pendingPoints: number;
  readonly heldPoints: number;
  /** How old the oldest pending frame is; 0 when nothing is pending. */
  readonly lagMs: number;
  /** Why nothing, or not everything, is sent at the moment. */
  readonly hold: { readonly reason: HoldReason; readonly words: string; readonly untilMs: number } | undefined;
}

/** Brings what the log holds to one backend. */
export class Lane implements Measured {
  readonly backend: Backend;

  constructor(options: LaneOptions) {
    this.backend = options.gate.backend;
    throw new Error('not built yet');
  }

  /** Begins to send. */
  start(): void {}

  /** Frames were committed, or became pending again. */
  wake(): void {}

  status(): LaneStatus {
    throw new Error('not built yet');
  }

  /** Resolves when nothing is pending or held any more: true; or when the signal is aborted: false. */
  settled(_signal: AbortSignal): Promise<boolean> {
    throw new Error('not built yet');
  }

  /** Sends nothing more, and resolves when nothing is in flight. What is held stays held. */
  async stop(): Promise<void> {}

  measure(_record: Recorder): void {}
}
