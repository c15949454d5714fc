import { numberOption } from '../config/option.js';
import type { Call } from '../core/call.js';
import type { Clock, Random } from '../core/clock.js';
import { classifyErrors } from '../core/judge.js';
import { Layer, type Next } from '../core/layer.js';
import type { Classify, Outcome } from '../core/types.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { type Backoff, decorrelatedJitterBackoff } from './backoff.js';
import type { RetryBudget } from './budget.js';
import { Execution, judge, type RetryCounts, type RetrySettings, unwrap } from './execution.js';
import { GIVEN_UP, RETRY_METRICS } from './metrics.js';

export interface RetryOptions {
  /** Default `retry`. */
  name?: string;
  /** How often the operation runs at most, the first time included. Default 3. */
  maxAttempts?: number;
  /** Milliseconds, about the first wait: the scale of the default backoff. Default 100. */
  baseDelayMs?: number;
  /** No backoff is longer, in milliseconds, whichever it is. Default 30,000. */
  maxDelayMs?: number;
  /** How the waits grow. Default: decorrelated jitter. */
  backoff?: Backoff;
  /** A server that asks for a longer wait than this, in milliseconds, ends the retrying. Default 60,000. */
  maxRetryAfterMs?: number;
  /** Bounds how many calls may be retrying; may be shared with other policies. Default: none. */
  budget?: RetryBudget;
  /** What counts as a failure, an answer for example. Default: errors do. Refusals are judged by `REJECTIONS_RETRIED` instead. */
  classify?: Classify;
  clock?: Clock;
  random?: Random;
}

/**
 * Runs a failed operation again, after a wait: the backoff, or what the answer or error asks for (`retryAfterMs`, or a
 * `Retry-After` header), whichever is longer.
 *
 * The caller gets what the last attempt came to, a value that was judged a failure too. That is so as well when another
 * attempt is not made because the call is not idempotent, the wait would end after its deadline, the server asks for too
 * long a wait, or the budget is used up: the operation did run, and its own error tells the caller and outer policies
 * more than a refusal could. The metric `retry_given_up_total` says why. Only a caller who aborts during a wait gets a
 * RejectedError, `aborted`.
 */
export class Retry extends Layer implements Measured {
  readonly name: string;
  readonly #settings: RetrySettings;
  readonly #counts: RetryCounts = {
    retries: 0,
    recovered: 0,
    waiting: 0,
    givenUp: {
      exhausted: 0,
      rejected: 0,
      'not-idempotent': 0,
      'retry-after': 0,
      deadline: 0,
      budget: 0,
      aborted: 0,
    },
  };
  /** A value needs no second look. */
  readonly #plain: boolean;
  #calls = 0;

  constructor(options: RetryOptions = {}) {
    super(options.clock);
    const name = options.name ?? 'retry';
    const { baseDelayMs = 100, maxDelayMs = 30_000, maxRetryAfterMs = 60_000, maxAttempts = 3 } = options;
    numberOption(name, 'baseDelayMs', baseDelayMs, { min: 0 });
    this.name = name;
    this.#settings = {
      name,
      maxAttempts: numberOption(name, 'maxAttempts', maxAttempts, { min: 1, integer: true }),
      maxDelayMs: numberOption(name, 'maxDelayMs', maxDelayMs, { min: 0 }),
      maxRetryAfterMs: numberOption(name, 'maxRetryAfterMs', maxRetryAfterMs, { min: 0 }),
      backoff: options.backoff ?? decorrelatedJitterBackoff({ baseDelayMs, maxDelayMs }),
      budget: options.budget,
      classify: options.classify ?? classifyErrors,
      clock: this.clock,
      random: options.random ?? Math.random,
    };
    this.#plain = this.#settings.classify === classifyErrors && options.budget === undefined;
  }

  run(call: Call, next: Next): Promise<unknown> {
    this.#calls++;
    this.#settings.budget?.beginCall();
    // A retry inside another one counts its own attempts.
    const first = call.attempt === 1 ? call : call.child(call.deadline, 1);
    return next(first).then(
      (value) => (this.#plain ? value : this.#settled(call, next, { value })),
      (error: unknown) => this.#settled(call, next, { error }),
    );
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    record(RETRY_METRICS.calls, labels, this.#calls);
    record(RETRY_METRICS.retries, labels, this.#counts.retries);
    record(RETRY_METRICS.recovered, labels, this.#counts.recovered);
    for (const reason of GIVEN_UP) {
      record(RETRY_METRICS.givenUp, { ...labels, reason }, this.#counts.givenUp[reason]);
    }
    record(RETRY_METRICS.waiting, labels, this.#counts.waiting);
  }

  #settled(call: Call, next: Next, outcome: Outcome): unknown {
    let retrying = false;
    try {
      const judged = judge(this.#settings.classify, call, outcome);
      if (judged === 'done') return unwrap(outcome);
      const execution = new Execution(this.#settings, this.#counts, call, next);
      const waitMs = execution.decide(judged, outcome);
      if (waitMs === undefined) return unwrap(outcome);
      retrying = true;
      return execution.again(outcome, waitMs);
    } finally {
      if (!retrying) this.#settings.budget?.endCall();
    }
  }
}

/** Runs a failed operation again. */
export function retry(options?: RetryOptions): Retry {
  return new Retry(options);
}
