import type { Call } from '../core/call.js';
import type { Clock, Random } from '../core/clock.js';
import { fits } from '../core/deadline.js';
import { ConfigError, RejectedError } from '../core/errors.js';
import { observed, publish } from '../core/events.js';
import type { Next } from '../core/layer.js';
import { pause } from '../core/pause.js';
import type { Classify, Outcome } from '../core/types.js';
import type { Backoff } from './backoff.js';
import type { RetryBudget } from './budget.js';
import type { GivenUp } from './metrics.js';
import { isRetried } from './rejections.js';
import { retryAfterMs } from './retry-after.js';

/** What every execution of a policy goes by. */
export interface RetrySettings {
  readonly name: string;
  readonly maxAttempts: number;
  readonly maxDelayMs: number;
  readonly maxRetryAfterMs: number;
  readonly backoff: Backoff;
  readonly budget: RetryBudget | undefined;
  readonly classify: Classify;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the executions of a policy count. */
export interface RetryCounts {
  retries: number;
  recovered: number;
  waiting: number;
  readonly givenUp: Record<GivenUp, number>;
}

/** An execution whose first attempt did not plainly succeed. */
export class Execution {
  readonly #settings: RetrySettings;
  readonly #counts: RetryCounts;
  readonly #call: Call;
  readonly #next: Next;
  #attempt = 1;
  #delays: (() => number) | undefined;

  constructor(settings: RetrySettings, counts: RetryCounts, call: Call, next: Next) {
    this.#settings = settings;
    this.#counts = counts;
    this.#call = call;
    this.#next = next;
  }

  /** Milliseconds until the next attempt after one that did not do; undefined if its outcome is what the caller gets. */
  decide(judged: 'failed' | 'rejected', outcome: Outcome): number | undefined {
    const reason = this.#enough(judged);
    return reason === undefined ? this.#schedule(outcome) : this.#giveUp(reason);
  }

  /** Tries again after `firstWaitMs`, and as often as it is worth it. */
  async again(failed: Outcome, firstWaitMs: number): Promise<unknown> {
    const { budget, classify } = this.#settings;
    try {
      let outcome = failed;
      for (let waitMs: number | undefined = firstWaitMs; waitMs !== undefined; ) {
        try {
          if (!(await this.#wait(waitMs))) break;
          outcome = await this.#run();
        } finally {
          budget?.endRetry();
        }
        const judged = judge(classify, this.#call, outcome);
        if (judged === 'done' && 'value' in outcome) this.#counts.recovered++;
        waitMs = judged === 'done' ? undefined : this.decide(judged, outcome);
      }
      return unwrap(outcome);
    } finally {
      budget?.endCall();
    }
  }

  /** Why there is no other attempt, whatever it would have to wait for. */
  #enough(judged: 'failed' | 'rejected'): GivenUp | undefined {
    if (this.#call.aborted) return 'aborted';
    if (judged === 'rejected') return 'rejected';
    if (this.#attempt >= this.#settings.maxAttempts) return 'exhausted';
    return this.#call.options.idempotent === false ? 'not-idempotent' : undefined;
  }

  /** How long to wait, and leave of the budget to do so; undefined if that is not to be had. */
  #schedule(outcome: Outcome): number | undefined {
    const { backoff, budget, clock, maxDelayMs, maxRetryAfterMs, random } = this.#settings;
    const askedMs = retryAfterMs(outcome, clock.wall()) ?? 0;
    if (askedMs > maxRetryAfterMs) return this.#giveUp('retry-after');
    this.#delays ??= backoff(random);
    const delayMs = this.#delays();
    // A backoff of the user's own may go wrong: no number is the longest wait, never none.
    const waitMs = Math.max(askedMs, Number.isNaN(delayMs) ? maxDelayMs : Math.min(delayMs, maxDelayMs));
    if (!fits(clock, this.#call.deadline, waitMs)) return this.#giveUp('deadline');
    if (budget?.beginRetry() === false) return this.#giveUp('budget');
    if (observed()) {
      publish({
        type: 'retry',
        policy: this.#settings.name,
        attempt: this.#attempt + 1,
        delayMs: waitMs,
        ...('error' in outcome && { error: outcome.error }),
      });
    }
    return waitMs;
  }

  #giveUp(reason: GivenUp): undefined {
    this.#counts.givenUp[reason]++;
  }

  /** Waits; false if the time ran out meanwhile, because a timer was late. Throws if the caller left. */
  async #wait(waitMs: number): Promise<boolean> {
    const { clock, name } = this.#settings;
    this.#counts.waiting++;
    const passed = await pause(clock, this.#call, waitMs);
    this.#counts.waiting--;
    if (!passed) {
      this.#giveUp('aborted');
      throw RejectedError.of(name, this.#call.ending, { cause: this.#call.reason }, this.#call.id);
    }
    if (fits(clock, this.#call.deadline, 0)) return true;
    this.#giveUp('deadline');
    return false;
  }

  async #run(): Promise<Outcome> {
    this.#attempt++;
    this.#counts.retries++;
    const child = this.#call.child(this.#call.deadline, this.#attempt);
    try {
      return { value: await this.#next(child) };
    } catch (error) {
      return { error };
    } finally {
      child.close();
    }
  }
}

/** Whether an attempt will do as it is, or is worth another one: after a failure, or after a refusal that is retried. */
export function judge(classify: Classify, call: Call, outcome: Outcome): 'done' | 'failed' | 'rejected' {
  if ('error' in outcome) {
    const { error } = outcome;
    if (error instanceof RejectedError) return isRetried(call, error) ? 'failed' : 'rejected';
    // A wrong option is wrong the next time too.
    if (error instanceof ConfigError) return 'done';
  }
  return classify(outcome) === 'failure' ? 'failed' : 'done';
}

/** Hands an outcome on as what it is. */
export function unwrap(outcome: Outcome): unknown {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
