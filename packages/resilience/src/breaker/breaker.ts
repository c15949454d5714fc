import type { Call } from '../core/call.js';
import { ConfigError, RejectedError } from '../core/errors.js';
import { type CircuitCause, observed, publish } from '../core/events.js';
import { judgeError, judgeValue } from '../core/judge.js';
import { Layer } from '../core/layer.js';
import type { Options, Verdict } from '../core/types.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { retryAfterMs } from '../retry/retry-after.js';
import type { CircuitAdviser } from './adviser.js';
import type { Circuit } from './circuit.js';
import { Closed } from './closed.js';
import type { Visits } from './grace.js';
import { Hold } from './hold.js';
import { Open } from './open.js';
import { type CircuitBreakerOptions, type CircuitSettings, circuitSettings } from './settings.js';
import type { Refusal, State } from './state.js';
import { Tally } from './tally.js';

/** What a breaker with one circuit and one with a circuit per key have in common: time, judgement, counts and events. */
export abstract class Breaker extends Layer implements Measured {
  readonly name: string;
  /** @internal */
  readonly settings: CircuitSettings;
  /** @internal */
  protected readonly tally: Tally = new Tally();
  /** @internal The last one given. */
  protected generation = 0;
  #adviser: CircuitAdviser | undefined;

  constructor(options: CircuitBreakerOptions, defaultName: string) {
    super(options.clock);
    this.settings = circuitSettings(options, defaultName);
    this.name = this.settings.name;
  }

  /** Failures in a row that open a circuit; Infinity where that rule is off. */
  get failureThreshold(): number {
    return this.settings.failureThreshold;
  }

  /** How long a circuit stays open the first time, in milliseconds. */
  get recoveryTimeoutMs(): number {
    return this.settings.recoveryTimeoutMs;
  }

  /**
   * Lets somebody who knows more be told, and be asked before a probe, until what it returns is disposed.
   * @throws ConfigError when there is one already.
   */
  advise(adviser: CircuitAdviser): Disposable {
    if (this.#adviser !== undefined) {
      throw new ConfigError(`${this.name}: it has an adviser already; dispose of what advise() returned for that one`);
    }
    this.#adviser = adviser;
    return new Hold(() => {
      this.#adviser = undefined;
    });
  }

  /** @internal */
  probes(circuit: Circuit): number {
    return this.#adviser === undefined ? Number.POSITIVE_INFINITY : this.#adviser.probes(this.keyOf(circuit));
  }

  /** @internal */
  nextGeneration(): number {
    return ++this.generation;
  }

  /** @internal */
  moved(circuit: Circuit, from: State, cause: CircuitCause, nowMs: number): void {
    const { state } = circuit;
    if (state.name === from.name) return;
    this.tally.entered[state.name]++;
    const key = this.keyOf(circuit);
    const openMs = state instanceof Open ? state.retryAfterMs(nowMs) : 0;
    const attempts = state instanceof Open ? state.attempts : 0;
    this.#adviser?.moved(key, { from: from.name, to: state.name, cause, openMs, attempts });
    if (!observed()) return;
    publish({
      type: 'circuit_breaker.state',
      policy: this.name,
      ...(key !== undefined && { key }),
      from: from.name,
      to: state.name,
      cause,
      ...(state instanceof Open && { retryAfterMs: openMs }),
      ...(this.settings.shadow && { shadow: true }),
    });
  }

  /** @internal */
  protected abstract keyOf(circuit: Circuit): string | undefined;

  /** @internal Counts a refusal. Returns the error to refuse with, or undefined where shadow mode lets the call run. */
  protected refuse(circuit: Circuit, reason: Refusal, nowMs: number, origin: number): RejectedError | undefined {
    this.tally.refused[reason]++;
    const adviser = this.#adviser;
    if (reason === 'open') adviser?.refused(this.keyOf(circuit));
    if (this.settings.shadow && reason !== 'isolated') return undefined;
    if (observed()) {
      const key = this.keyOf(circuit);
      publish({ type: 'rejected', policy: this.name, ...(key !== undefined && { key }), reason });
    }
    const { state } = circuit;
    // Where the time is up it is the adviser who held the call back.
    const details =
      state instanceof Open ? { retryAfterMs: state.retryAfterMs(nowMs) || (adviser?.retryAfterMs ?? 0) } : undefined;
    return RejectedError.of(this.name, reason, details, origin);
  }

  /** @internal Waits for a call that was let run in generation `began`, and settles it. */
  protected watch(
    call: Call,
    running: Promise<unknown>,
    began: number,
    startedMs: number,
    visits?: Visits,
  ): Promise<unknown> {
    return running.then(
      (value) => {
        // A classifier that throws has no verdict: the permit goes back all the same, and its error to the caller.
        let verdict: Verdict = 'ignore';
        try {
          verdict = judgeValue(this.settings.classify, value);
        } finally {
          this.settle(call, verdict, value, began, startedMs, visits);
        }
        return value;
      },
      (error: unknown) => {
        let verdict: Verdict = 'ignore';
        try {
          verdict = judgeError(this.settings.classify, call, error);
        } finally {
          this.settle(call, verdict, error, began, startedMs, visits);
        }
        throw error;
      },
    );
  }

  /** @internal Takes a call's verdict and its permit back. `result` is the value or the error that was judged. */
  protected abstract settle(
    call: Call,
    verdict: Verdict,
    result: unknown,
    began: number,
    startedMs: number,
    visits: Visits | undefined,
  ): void;

  /** @internal An operation that runs on after a timeout keeps its probe slot. */
  protected giveBack(call: Call, circuit: Circuit, began: number): void {
    if (call.runningOn === 0) circuit.giveBack(began);
    else call.whenQuiet(() => circuit.giveBack(began));
  }

  /** @internal Counts what became of a call, and tells the circuit that admitted it in generation `began`. */
  protected tell(circuit: Circuit, verdict: Verdict, result: unknown, began: number, startedMs: number): void {
    if (circuit.isLate(began)) {
      this.tally.late++;
      return;
    }
    this.tally[verdict]++;
    if (verdict === 'success') {
      const nowMs = circuit.state.timesSuccess ? this.clock.now() : 0;
      circuit.success(began, nowMs, this.#isSlow(nowMs - startedMs));
      if (this.#adviser !== undefined && circuit.state instanceof Closed) this.#adviser.succeeded(this.keyOf(circuit));
    } else if (verdict === 'failure') {
      const nowMs = this.clock.now();
      const hintMs = retryAfterMs({ error: result }, this.clock.wall()) ?? 0;
      circuit.failure(began, nowMs, this.#isSlow(nowMs - startedMs), hintMs);
      const { state } = circuit;
      if (this.#adviser !== undefined && state instanceof Closed) {
        this.#adviser.failed(this.keyOf(circuit), state.failures);
      }
    }
  }

  #isSlow(durationMs: number): boolean {
    if (durationMs <= this.settings.slowCallMs) return false;
    this.tally.slow++;
    return true;
  }

  /** @internal @throws RejectedError when a permit would come too late to be of use. */
  protected refuseIfOver(options: Options | undefined): void {
    if (options?.signal?.aborted === true) {
      throw RejectedError.of(this.name, 'aborted', { cause: options.signal.reason });
    }
    if (options?.deadline !== undefined && options.deadline <= this.clock.now()) {
      throw RejectedError.of(this.name, 'deadline');
    }
  }

  measure(record: Recorder): void {
    this.tally.measure(record, this.name, this.settings.shadow);
  }
}
