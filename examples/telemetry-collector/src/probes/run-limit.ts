import { type Clock, type Context, TimeoutError } from '@breakwater/resilience';
import { toProbeError } from './errors.js';
import { ProbeError } from './probe.js';

/** When a run must end: the context's signal and its deadline as one signal, whose reason is the ProbeError to fail with. */
export class RunLimit {
  readonly deadline: number;
  /** What the run does now, for the message of a timeout: "connecting". A function is asked when it is needed. */
  stage: string | (() => string) = 'starting';
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #budgetMs: number;
  readonly #controller = new AbortController();
  readonly #alarm: Disposable | undefined;

  constructor(context: Context, clock: Clock, host: string) {
    this.deadline = context.deadline;
    this.#context = context;
    this.#clock = clock;
    this.#host = host;
    this.#budgetMs = this.remainingMs;
    if (context.signal.aborted) this.#leave();
    else if (this.#budgetMs === 0) this.#expire();
    else {
      context.signal.addEventListener('abort', this.#leave, { once: true });
      if (this.#budgetMs !== Number.POSITIVE_INFINITY) this.#alarm = clock.after(this.#budgetMs, this.#expire);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the run must end, once it must. */
  get error(): ProbeError | undefined {
    return this.signal.reason as ProbeError | undefined;
  }

  /** Milliseconds until the deadline; never below 0, Infinity without one. */
  get remainingMs(): number {
    return Math.max(0, this.deadline - this.#clock.now());
  }

  /** Stops listening: the context's signal and the clock must not keep a run that is over. */
  close(): void {
    this.#alarm?.[Symbol.dispose]();
    this.#context.signal.removeEventListener('abort', this.#leave);
  }

  readonly #expire = (): void => {
    this.#controller.abort(this.#timeout(this.#budgetMs));
  };

  /** The signal fires for a timeout of the pipeline, too. */
  readonly #leave = (): void => {
    const { reason } = this.#context.signal;
    if (reason instanceof TimeoutError) this.#controller.abort(this.#timeout(reason.timeoutMs, reason));
    else {
      const message = `${this.#host}: the run was ended by its caller while ${this.#doing}`;
      this.#controller.abort(new ProbeError('aborted', message, { cause: reason }));
    }
  };

  get #doing(): string {
    return typeof this.stage === 'string' ? this.stage : this.stage();
  }

  #timeout(afterMs: number, cause?: unknown): ProbeError {
    const stall = cause instanceof TimeoutError && cause.stalled ? '; this process was stalled meanwhile' : '';
    const message =
      `${this.#host}: timed out after ${Math.round(afterMs)} ms while ${this.#doing}${stall}; ` +
      'check that it is up, or raise its timeout';
    return new ProbeError('timeout', message, { cause });
  }
}

/** Runs `measure` under the context's limits. Whatever goes wrong comes out as a ProbeError that names `host`. */
export async function runWithin<T>(
  context: Context,
  clock: Clock,
  host: string,
  measure: (limit: RunLimit) => Promise<T>,
): Promise<T> {
  const limit = new RunLimit(context, clock, host);
  try {
    limit.signal.throwIfAborted();
    return await measure(limit);
  } catch (error) {
    throw limit.error ?? toProbeError(error, host);
  } finally {
    limit.close();
  }
}
