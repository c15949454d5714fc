import type { Clock, Measured, Random, Recorder } from '@breakwater/resilience';
import type { Backend, HoldReason } from '../backend/backend.js';
import type { LaneBook } from '../book/lane-book.js';
import type { FrameLog } from '../log/frame-log.js';
import type { Quarantine } from '../quarantine/quarantine.js';

/** What a lane sends, and how much at once. */
export interface LaneSettings {
  /** Points and bytes (before gzip) of one request. Default 5,000 and 1 MiB; less once the backend finds that too large. */
  readonly maxBatchPoints?: number;
  readonly maxBatchBytes?: number;
  /** How long a batch that is not full waits for more, in milliseconds. Default 50. */
  readonly lingerMs?: number;
  /** Requests under way at once. Default 4. */
  readonly maxInFlight?: number;
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Points a second that a lane behind sends of its backlog at most, beside what is fresh. Default 100,000. */
  readonly catchUpPointsPerSecond?: number;
  /** How long acknowledged frames are held, in milliseconds. Default: 10,000 for VictoriaMetrics, 0 for InfluxDB. */
  readonly ackHoldMs?: number;
}

export interface LaneOptions extends LaneSettings {
  readonly backend: Backend;
  /** The folder that the log is in, for metrics: `slot-1`. */
  readonly slot: string;
  readonly log: FrameLog;
  readonly book: LaneBook;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  readonly random: Random;
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
    this.backend = options.backend;
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
