/** Where points go within a backend. */
export interface Destination {
  /** The organisation, for 2.x; empty: the lane's own. */
  readonly org: string;
  /** The bucket; on 1.x the database, or `database/retention policy`. Empty: the lane's own. */
  readonly bucket: string;
}

/** What a frame says about its body. */
export interface FrameMeta {
  readonly content: 'line-protocol';
  /** The unit of every timestamp in the body. */
  readonly precision: 'ns';
  readonly destination: Destination;
  /** The lanes that it is for; undefined: every lane. */
  readonly lanes?: readonly string[];
}

/** What is handed to the log: points that stay together. */
export interface NewFrame {
  readonly meta: FrameMeta;
  /** Whole lines, each with its timestamp and its line end. */
  readonly body: Uint8Array;
  /** How many lines that is. */
  readonly points: number;
}

/** A frame of the log without its body. */
export interface FrameSummary {
  /** Grows by one from frame to frame over the folder's life; begins with 1. */
  readonly seq: number;
  readonly points: number;
  /** When it was handed over, in milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** The segment that holds it, named by the sequence number of its first frame. */
  readonly segment: number;
  readonly lanes: readonly string[] | undefined;
}

export interface Frame extends FrameSummary {
  readonly meta: FrameMeta;
  readonly body: Buffer;
}

/** Consecutive frames that the log has lost, or cannot read. */
export interface Gap {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** How many points they held. */
  readonly points: number;
  readonly segment: number;
}
