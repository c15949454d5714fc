import type { Measured } from '@breakwater/resilience';
import type { Frame, Gap, NewFrame } from '../frames/frame.js';

/** Why the log takes nothing at the moment. */
export type LogClosure = 'disk-full' | 'disk-failed' | 'closed';

/** Nothing of what was to be appended is in the log. */
export class AppendError extends Error {
  override readonly name = 'AppendError';
  readonly code = 'ERR_DELIVERY_APPEND';
  readonly reason: LogClosure;

  constructor(reason: LogClosure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

export interface SegmentInfo {
  /** The sequence number of its first frame. */
  readonly id: number;
  /** The sequence number of its last durable frame; `id - 1` while it has none. */
  readonly lastSeq: number;
  readonly points: number;
  /** Its size on disk. */
  readonly bytes: number;
  readonly firstAcceptedAtMs: number;
  readonly lastAcceptedAtMs: number;
  /** Frames are appended to it. */
  readonly isActive: boolean;
}

export interface ReadLimits {
  /** Frames up to this sequence number; default: to the durable end. */
  readonly toSeq?: number;
  readonly maxFrames?: number;
  /** Bytes of bodies; one frame at least is read. */
  readonly maxBytes: number;
  /** Frames that nobody wants are passed over, their bodies are not even checked. */
  readonly wanted?: (seq: number) => boolean;
}

export interface ReadResult {
  readonly frames: readonly Frame[];
  /** What was found damaged on the way, wanted or not. */
  readonly gaps: readonly Gap[];
  /** Where to read on; beyond `toSeq`, or the durable end + 1, when there is nothing more. */
  readonly nextSeq: number;
}

/** One append-only log of frames in one folder, held by one process. */
export interface FrameLog extends Measured {
  readonly directory: string;
  /** What the next frame is numbered. */
  readonly nextSeq: number;
  /** Points in every frame that ever was in the folder; without those that a lost end held. */
  readonly totalPoints: number;
  readonly closure: LogClosure | undefined;
  /** What its segments take on disk; asked with every write. */
  readonly bytes: number;
  /**
   * Resolves when all of them are on disk, in consecutive frames; the commit listener has been told by then.
   * @throws AppendError when none of them is.
   */
  append(frames: readonly NewFrame[]): Promise<void>;
  /** From old to new. */
  segments(): readonly SegmentInfo[];
  read(fromSeq: number, limits: ReadLimits): Promise<ReadResult>;
  /** About when the frame was accepted: never later than it was, and at most a second earlier. */
  acceptedAtMs(seq: number): number;
  /**
   * Deletes a segment that nobody needs. The active one is ended first. Returns whether it is gone: one that has got
   * frames behind `lastSeq`, which whoever asks knows nothing of, stays.
   */
  remove(segment: number, lastSeq?: number): Promise<boolean>;
  close(): Promise<void>;
}
