/** One answer to the question which run of the backend answers. */
export interface Observation {
  /** When it was asked. */
  readonly askedMs: number;
  /** Undefined: it did not say. */
  readonly epoch: number | undefined;
  /** What it says means nothing: several servers answer in turn. Then without an epoch. */
  readonly alternates?: true;
}

interface Entry {
  readonly seq: number;
  readonly epoch: number | undefined;
  readonly ackedMs: number;
}

export interface Verdict {
  readonly released: readonly number[];
  readonly rewound: readonly number[];
}

const NOTHING: Verdict = { released: [], rewound: [] };

/**
 * Holds frames that a backend has acknowledged until they must be safe there. A frame is released when the run of the
 * backend that was seen before the frame was sent is seen again `holdMs` after the answer: that run had the frame all the
 * while. When another run is seen, or the first one only afterwards, the frame is to be sent again: who acknowledged it
 * may be gone. Where a run is never seen, or what is seen means nothing, time
 * alone must do.
 */
export class AckHold {
  #entries: Entry[] = [];
  /** A run was seen: where one cannot be, it will be. */
  #says = false;

  get size(): number {
    return this.#entries.length;
  }

  /** `epoch`: what was last seen before any part of the frame was sent. In the order of the answers. */
  hold(seq: number, epoch: number | undefined, ackedMs: number): void {
    this.#entries.push({ seq, epoch, ackedMs });
  }

  /** Observations come one after the other: each was asked for when the one before had been answered. */
  observe({ askedMs, epoch, alternates }: Observation, holdMs: number): Verdict {
    this.#says ||= epoch !== undefined;
    if (this.#entries.length === 0) return NOTHING;
    const released: number[] = [];
    const rewound: number[] = [];
    this.#entries = this.#entries.filter((entry) => {
      const isSafe = alternates === true || (this.#says ? epoch !== undefined : entry.epoch === undefined);
      if (epoch !== undefined && epoch !== entry.epoch) rewound.push(entry.seq);
      else if (isSafe && askedMs - entry.ackedMs >= holdMs) released.push(entry.seq);
      else return true;
      return false;
    });
    return { released, rewound };
  }
}
