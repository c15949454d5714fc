/** How many permits there are. The whole seam between a semaphore and what sets its limit, so that an adaptive one fits. */
export interface Limit {
  /** Read at each grant, so it must be cheap. A whole number of at least 1. */
  readonly permits: number;
}

/** A limit that changes only when told to. */
export class FixedLimit implements Limit {
  permits: number;

  constructor(permits: number) {
    this.permits = permits;
  }
}
