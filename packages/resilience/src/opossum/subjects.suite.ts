import Opossum from 'opossum';
import { vi } from 'vitest';
import { type CircuitBreaker, circuitBreaker } from '../breaker/circuit-breaker.js';
import { RejectedError, TimeoutError } from '../core/errors.js';
import type { CircuitState } from '../core/events.js';
import { classifyErrors } from '../core/judge.js';
import { pipeline } from '../core/pipeline.js';
import { StallMonitor } from '../core/stalls.js';
import type { Policy } from '../core/types.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { opossumAction } from './action.js';
import { fromOpossum, type OpossumPolicy } from './from-opossum.js';
import {
  BUCKETS,
  type ByHand,
  type Ending,
  FAILURE_RATE,
  type HistorySettings,
  MINIMUM_CALLS,
  RESET_MS,
  type Step,
  type Subject,
  WINDOW_MS,
} from './history.suite.js';

const down = new Error('down');
const missing = new Error('not there, and rightly so');

/** Operations that a history starts and settles, and what their callers were answered. */
abstract class RealSubject implements Subject {
  readonly #running = new Map<number, (as: Ending) => void>();
  #answers: Array<{ call: number; answer: string }> = [];

  protected abstract readonly policy: Policy;
  protected abstract readonly state: CircuitState;
  protected abstract advance(ms: number): Promise<void>;
  protected abstract byHand(what: ByHand): void;

  async take(step: Step): Promise<string> {
    this.#answers = [];
    if (step.do === 'start') this.#start(step.call);
    else if (step.do === 'settle') this.#running.get(step.call)?.(step.as);
    else if (step.do === 'advance') await this.advance(step.ms);
    else this.byHand(step.do);
    await settle();
    return [this.state, ...this.#answers.map(({ call, answer }) => `${call} ${answer}`)].join(' | ');
  }

  #start(call: number): void {
    const operation = () =>
      new Promise((resolve, reject) => {
        this.#running.set(call, (as) => {
          if (as === 'success') resolve('fine');
          else reject(as === 'failure' ? down : missing);
        });
      });
    this.policy.execute(operation).then(
      () => this.#answers.push({ call, answer: 'success' }),
      (error: unknown) => this.#answers.push({ call, answer: nameOf(error) }),
    );
  }
}

function nameOf(error: unknown): string {
  if (error === down) return 'failure';
  if (error === missing) return 'ignore';
  if (error instanceof TimeoutError) return 'timeout';
  if (!(error instanceof RejectedError)) throw error;
  return error.retryAfterMs === undefined ? error.reason : `${error.reason} ${error.retryAfterMs}`;
}

/** Our policies, in virtual time of their own. */
export class OurSubject extends RealSubject {
  readonly policy: Policy;
  readonly #clock = new VirtualClock();
  readonly #breaker: CircuitBreaker;
  #disabled: Disposable | undefined;

  constructor({ timeoutMs, capacity }: HistorySettings) {
    super();
    const clock = this.#clock;
    this.#breaker = circuitBreaker({
      clock,
      trip: {
        window: 'time',
        durationMs: WINDOW_MS,
        buckets: BUCKETS,
        minimumCalls: MINIMUM_CALLS,
        failureRate: FAILURE_RATE,
      },
      recoveryTimeoutMs: RESET_MS,
      successThreshold: 1,
      classify: (outcome) => ('error' in outcome && outcome.error === missing ? 'ignore' : classifyErrors(outcome)),
    });
    this.policy = pipeline(
      this.#breaker,
      ...(capacity < Number.POSITIVE_INFINITY ? [semaphore({ clock, permits: capacity, maxQueue: 0 })] : []),
      ...(timeoutMs > 0 ? [timeout({ clock, timeoutMs, stalls: new StallMonitor({ clock, tickMs: 1_000 }) })] : []),
    );
  }

  get state(): CircuitState {
    return this.#breaker.state;
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  byHand(what: ByHand): void {
    switch (what) {
      case 'open':
        this.#breaker.isolate();
        break;
      case 'close':
        this.#disabled = undefined;
        this.#breaker.reset();
        break;
      case 'disable':
        this.#disabled ??= this.#breaker.disable();
        break;
      case 'enable':
        this.#disabled?.[Symbol.dispose]();
        this.#disabled = undefined;
    }
  }
}

/** opossum itself, as a guest; in the time of vitest's fake timers. */
export class OpossumSubject extends RealSubject implements Disposable {
  readonly policy: OpossumPolicy;
  readonly #breaker: Opossum<Parameters<typeof opossumAction>>;

  constructor({ timeoutMs, capacity }: HistorySettings) {
    super();
    this.#breaker = new Opossum(opossumAction, {
      timeout: timeoutMs > 0 && timeoutMs,
      ...(capacity < Number.POSITIVE_INFINITY && { capacity }),
      rollingCountTimeout: WINDOW_MS,
      rollingCountBuckets: BUCKETS,
      volumeThreshold: MINIMUM_CALLS,
      errorThresholdPercentage: 100 * FAILURE_RATE,
      resetTimeout: RESET_MS,
      errorFilter: (error) => error === missing,
      enableSnapshots: false,
    });
    this.policy = fromOpossum(this.#breaker, { stalls: new StallMonitor({ tickMs: 1_000 }) });
  }

  get state(): CircuitState {
    return this.policy.state;
  }

  async advance(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms);
  }

  byHand(what: ByHand): void {
    this.#breaker[what]();
  }

  [Symbol.dispose](): void {
    this.#breaker.shutdown();
  }
}
