/** One answer to the question which run of the backend answers. */
export interface Observation {
  /** When it was asked. */
  readonly askedMs: number;
  /** Undefined: it did not say. */
  readonly epoch: number | undefined;
  /** What it says means nothing: several servers answer in turn. Then without an epoch. */
  readonly alternates?: true;
  /** It has said nothing since then, for long, and stores what it is sent. Then without an epoch. */
  readonly silentSinceMs?: number;
  /** Writes to it fail too at the moment. */
  readonly fails?: true;
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
 * may be gone; and so, once, what was acknowledged before a silence. Where a run is never seen, or not any more, or what
 * is seen means nothing, time alone must do, but not while writes fail too.
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
  observe({ askedMs, epoch, alternates, silentSinceMs, fails }: Observation, holdMs: number): Verdict {
    this.#says ||= epoch !== undefined;
    if (this.#entries.length === 0) return NOTHING;
    const released: number[] = [];
    const rewound: number[] = [];
    this.#entries = this.#entries.filter((entry) => {
      const saysNothing = !this.#says && entry.epoch === undefined;
      const isByTime = alternates === true || silentSinceMs !== undefined || saysNothing;
      const isSafe = epoch !== undefined || (isByTime && fails !== true);
      const isOfAnother = epoch !== undefined && epoch !== entry.epoch;
      if (isOfAnother || entry.ackedMs < (silentSinceMs ?? 0)) rewound.push(entry.seq);
      else if (isSafe && askedMs - entry.ackedMs >= holdMs) released.push(entry.seq);
      else return true;
      return false;
    });
    return { released, rewound };
  }
}
