import { numberOption } from '../config/option.js';

export interface RetryBudgetOptions {
  /** The largest share of the calls in flight that may be retrying. Default 0.2. */
  maxRate?: number;
  /** So many may be retrying whatever share that is. Default 3. */
  minConcurrency?: number;
}

/**
 * Keeps retries from multiplying the load on a service that is down: a retry is refused when at least `minConcurrency`
 * calls are retrying already and they are more than `maxRate` of the calls in flight (the rule of failsafe-go). A call is
 * in flight from its beginning to its end, and retries from the decision to do so, the wait included, to the end of that
 * attempt. Several retry policies may share one budget.
 */
export class RetryBudget {
  readonly maxRate: number;
  readonly minConcurrency: number;
  #calls = 0;
  #retries = 0;

  constructor(options: RetryBudgetOptions = {}) {
    this.maxRate = numberOption('retryBudget', 'maxRate', options.maxRate ?? 0.2, { min: 0, max: 1 });
    this.minConcurrency = numberOption('retryBudget', 'minConcurrency', options.minConcurrency ?? 3, {
      min: 0,
      integer: true,
    });
  }

  /** Calls in flight. */
  get calls(): number {
    return this.#calls;
  }

  /** How many of them are retrying. */
  get retries(): number {
    return this.#retries;
  }

  /** @internal */
  beginCall(): void {
    this.#calls++;
  }

  /** @internal */
  endCall(): void {
    this.#calls--;
  }

  /** @internal Says whether a call may retry; if so, `endRetry` must follow. */
  beginRetry(): boolean {
    if (this.#retries >= this.minConcurrency && this.#retries > this.maxRate * this.#calls) return false;
    this.#retries++;
    return true;
  }

  /** @internal */
  endRetry(): void {
    this.#retries--;
  }
}

/** A budget for one or several retry policies: `retry({ budget: retryBudget() })`. */
export function retryBudget(options?: RetryBudgetOptions): RetryBudget {
  return new RetryBudget(options);
}
