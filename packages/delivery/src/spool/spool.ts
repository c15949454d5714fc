import type { Clock, Measured, Random, Recorder } from '@breakwater/resilience';
import type { Backend } from '../backend/backend.js';
import type { Intake } from '../intake/intake.js';
import type { LaneSettings, LaneStatus } from '../lanes/lane.js';
import type { Storage } from '../storage/storage.js';
import type { WhenFull } from './caps.js';

export interface SpoolOptions extends LaneSettings {
  /** The parent folder, made where it is missing: a process takes the first free `slot-N` below it. */
  readonly directory: string;
  /** One lane each. The spool closes them. */
  readonly backends: readonly Backend[];
  /** Bytes of segments that one lane may need. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Points older than this expire, in milliseconds. Default 7 days. */
  readonly maxAgeMs?: number;
  /** Default `block`. */
  readonly whenFull?: WhenFull;
  /** Default: the smaller of 16 MiB and an eighth of `maxBytes`; of more than 64 GiB a 4,096th. */
  readonly segmentBytes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  /** What is done with the disk. Default: this machine's. */
  readonly storage?: Storage;
}

/**
 * Takes one batch of what a draining process still owes to `lanes`. Resolves when a peer has accepted it. A peer that lacks
 * some of the lanes takes nothing: what fails with a HandOverError of status 409 is offered again, for one lane at a time.
 */
export type HandOver = (
  batch: {
    readonly lanes: readonly string[];
    readonly destination: { readonly org: string; readonly bucket: string };
    readonly body: readonly Uint8Array[];
    readonly bytes: number;
    readonly points: number;
  },
  signal: AbortSignal,
) => Promise<void>;

export interface DrainOptions {
  /** How long to deliver, in milliseconds; what is left then is handed over. */
  readonly deliverMs: number;
  /** How long all of it may take. */
  readonly timeoutMs: number;
  readonly handOver?: HandOver;
}

export interface DrainReport {
  /** Points that stay in the log, by backend; they are delivered when a process takes the folder again. */
  readonly left: ReadonlyMap<string, number>;
  readonly handedOverPoints: number;
}

/** The durable log of this process, its lanes, and those of processes that are gone. */
export interface Spool extends Measured {
  /** The folder of this process's own log. */
  readonly directory: string;
  readonly intake: Intake;
  /** One for each backend, over all slots that this process delivers. */
  lanes(): readonly LaneStatus[];
  /** Takes no more, delivers, hands over what it may, and says what is left. */
  drain(options: DrainOptions): Promise<DrainReport>;
  /** Writes the checkpoints and gives up files and sockets. Can be called twice. */
  close(): Promise<void>;
  measure(record: Recorder): void;
}
