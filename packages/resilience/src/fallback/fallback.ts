import type { Call } from '../core/call.js';
import type { Clock } from '../core/clock.js';
import { ConfigError } from '../core/errors.js';
import { observed, publish } from '../core/events.js';
import { classifyErrors, isOwnRejection, judgeValue } from '../core/judge.js';
import { Layer, type Next } from '../core/layer.js';
import type { Classify, Context, Outcome } from '../core/types.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { FALLBACK_CAUSES, FALLBACK_METRICS, type FallbackCause } from './metrics.js';

export interface FallbackCommonOptions {
  /** Default `fallback`. */
  name?: string;
  /** What it stands in for: `failure` of the operation, `rejection` by an inner policy. Default both. */
  on?: readonly FallbackCause[];
  /** What counts as a failure, an answer for example. Default: errors do. */
  classify?: Classify;
  clock?: Clock;
}

/** Exactly one of `value` and `compute`. What they give takes the place of the operation's value, so it should be of its type. */
export type FallbackOptions = FallbackCommonOptions &
  (
    | {
        /** What to answer instead. */
        value: unknown;
        compute?: never;
      }
    | {
        value?: never;
        /** Makes what to answer instead. What it throws is what the caller gets. */
        compute: (outcome: Outcome, context: Context) => unknown;
      }
  );

/**
 * Answers in place of an operation that failed or was refused. It does not stand in for what `classify` ignores, for a
 * wrong option (ConfigError), which must not go unnoticed, nor for a caller who has left. A refusal that comes out of
 * another pipeline further down is a failure like any.
 */
export class Fallback extends Layer implements Measured {
  readonly name: string;
  readonly #on: ReadonlySet<FallbackCause>;
  readonly #classify: Classify;
  readonly #compute: (outcome: Outcome, context: Context) => unknown;
  readonly #used: Record<FallbackCause, number> = { failure: 0, rejection: 0 };
  #failed = 0;

  constructor(options: FallbackOptions) {
    super(options.clock);
    this.name = options.name ?? 'fallback';
    const { on = FALLBACK_CAUSES, value, compute } = options;
    if ('value' in options === (compute !== undefined)) {
      throw new ConfigError(`${this.name}: give either value or compute; it must be exactly one of them`);
    }
    const unknown = on.find((cause) => !FALLBACK_CAUSES.includes(cause));
    if (unknown !== undefined || on.length === 0) {
      throw new ConfigError(
        `${this.name}: on is [${on.join(', ')}]; it must name ${FALLBACK_CAUSES.join(' or ')}, or both`,
      );
    }
    this.#on = new Set(on);
    this.#classify = options.classify ?? classifyErrors;
    this.#compute = compute ?? (() => value);
  }

  run(call: Call, next: Next): Promise<unknown> {
    return next(call).then(
      (value) => (judgeValue(this.#classify, value) === 'failure' ? this.#settled(call, { value }) : value),
      (error: unknown) => this.#settled(call, { error }),
    );
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    for (const cause of FALLBACK_CAUSES) {
      record(FALLBACK_METRICS.used, { ...labels, cause }, this.#used[cause]);
    }
    record(FALLBACK_METRICS.failed, labels, this.#failed);
  }

  #settled(call: Call, outcome: Outcome): unknown {
    const cause = this.#cause(call, outcome);
    if (cause !== undefined && this.#on.has(cause)) return this.#instead(cause, call, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  #cause(call: Call, outcome: Outcome): FallbackCause | undefined {
    // A deadline that ended a wait is no caller who left: whoever set it still takes an answer.
    if (call.aborted && call.ending === 'aborted') return undefined;
    if ('value' in outcome) return 'failure';
    if (isOwnRejection(call, outcome.error)) return 'rejection';
    if (outcome.error instanceof ConfigError) return undefined;
    return this.#classify(outcome) === 'failure' ? 'failure' : undefined;
  }

  async #instead(cause: FallbackCause, call: Call, outcome: Outcome): Promise<unknown> {
    this.#used[cause]++;
    if (observed()) {
      publish({ type: 'fallback', policy: this.name, ...('error' in outcome && { error: outcome.error }) });
    }
    try {
      return await this.#compute(outcome, call);
    } catch (error) {
      this.#failed++;
      throw error;
    }
  }
}

/** Answers in place of an operation that failed or was refused: `fallback({ value: [] })`. */
export function fallback(options: FallbackOptions): Fallback {
  return new Fallback(options);
}
