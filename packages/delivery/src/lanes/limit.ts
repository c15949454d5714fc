/** What became of a request, to what sets the limit. */
export type LimitOutcome = 'served' | 'held';

/** How many requests may be under way. The whole seam between a gate and what sets its limit, so that an adaptive one fits. */
export interface Limit {
  /** Read at each request, so it must be cheap. A whole number of at least 1. */
  readonly limit: number;
  answered(rttMs: number, outcome: LimitOutcome): void;
}

/** A limit that never changes. */
export class FixedLimit implements Limit {
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  answered(): void {}
}
