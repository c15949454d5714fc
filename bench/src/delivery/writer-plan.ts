/** What a writing process is to do; it is started anew for every run, so that its memory is its own. */
export interface WriterPlan {
  /** `nobody` throws the points away. */
  readonly side: 'ours' | 'theirs' | 'nobody';
  readonly url: string;
  readonly database: string;
  readonly points: number;
  /** Undefined: as fast as it can. */
  readonly pointsPerSecond?: number;
  /** Where ours keeps its log. */
  readonly directory: string;
}

export interface WriterReport {
  /** From the first point to the last that was delivered or given up. */
  readonly wallMs: number;
  /** User and system time meanwhile. */
  readonly cpuMs: number;
  /** The largest resident size of the process. */
  readonly peakBytes: number;
}
