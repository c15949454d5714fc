import type { Call } from '../core/call.js';
import type { CircuitState } from '../core/events.js';
import type { Next } from '../core/layer.js';
import type { Options, Permit, Verdict } from '../core/types.js';
import type { Recorder } from '../metrics/definition.js';
import type { TripOptions } from './adviser.js';
import { Breaker } from './breaker.js';
import { Circuit } from './circuit.js';
import { Hold } from './hold.js';
import { CIRCUIT_BREAKER_METRICS, CIRCUIT_STATES } from './metrics.js';
import { Open } from './open.js';
import { BreakerPermit } from './permit.js';
import { type CircuitBreakerOptions, checkedTrip } from './settings.js';
import { type CircuitSnapshot, readSnapshot, restoredState, takeSnapshot } from './snapshot.js';

/** Stops calling what keeps failing, and finds out carefully when it works again. */
export class CircuitBreaker extends Breaker {
  readonly #circuit: Circuit;

  constructor(options: CircuitBreakerOptions = {}) {
    super(options, 'circuit-breaker');
    this.#circuit = new Circuit(this);
  }

  /** An open circuit whose time is up stays `open` until the next call begins to probe. */
  get state(): CircuitState {
    return this.#circuit.state.name;
  }

  /** Milliseconds until an open circuit lets a probe through; 0 in every other state. */
  get retryAfterMs(): number {
    const { state } = this.#circuit;
    return state instanceof Open ? state.retryAfterMs(this.clock.now()) : 0;
  }

  run(call: Call, next: Next): Promise<unknown> {
    const circuit = this.#circuit;
    const startedMs = circuit.state.timesStart ? this.clock.now() : 0;
    const refusal = circuit.admit(startedMs);
    if (refusal !== undefined) {
      const error = this.refuse(circuit, refusal, startedMs, call.id);
      return error === undefined ? next(call) : Promise.reject(error);
    }
    return this.watch(call, next(call), circuit.generation, startedMs);
  }

  /**
   * Leave to run an operation by hand. Say what became of it; disposed without a word it counts neither way.
   * @throws RejectedError when the circuit refuses, or the options' signal or deadline is over.
   */
  acquire(options?: Options): Permit {
    this.refuseIfOver(options);
    const circuit = this.#circuit;
    const startedMs = circuit.state.timesStart ? this.clock.now() : 0;
    const refusal = circuit.admit(startedMs);
    if (refusal !== undefined) {
      const error = this.refuse(circuit, refusal, startedMs, 0);
      if (error !== undefined) throw error;
      return new BreakerPermit(() => {});
    }
    const began = circuit.generation;
    return new BreakerPermit((verdict, error) => {
      this.tell(circuit, verdict, error, began, startedMs);
      circuit.giveBack(began);
    });
  }

  /** @internal */
  protected settle(call: Call, verdict: Verdict, result: unknown, began: number, startedMs: number): void {
    this.tell(this.#circuit, verdict, result, began, startedMs);
    this.giveBack(call, this.#circuit, began);
  }

  /**
   * Refuses every call (`isolated`) until what it returns is disposed; held several times, until the last is. The circuit
   * then closes, with its ramp-up.
   */
  isolate(): Disposable {
    const isolated = this.#circuit.isolate(this.clock.now());
    return new Hold(() => this.#circuit.release(isolated, this.clock.now()));
  }

  /**
   * Lets every call run and counts none, until what it returns is disposed; held several times, until the last is. An
   * isolation comes first.
   */
  disable(): Disposable {
    const disabled = this.#circuit.disable(this.clock.now());
    return new Hold(() => this.#circuit.release(disabled, this.clock.now()));
  }

  /** Closes at once, without ramp-up: counts, backoff, isolations and disablements are forgotten. */
  reset(): void {
    this.#circuit.reset(this.clock.now());
  }

  /**
   * Opens at once on a hint from outside (cause `hint`), or keeps an open circuit open for longer, never for less. Calls
   * under way do not count any more. Returns false where an isolation or a disablement comes first.
   * @throws ConfigError for a number that is none.
   */
  trip(options: TripOptions = {}): boolean {
    const { openMs, attempts } = checkedTrip(this.name, options);
    return this.#circuit.trip(this.clock.now(), openMs, attempts);
  }

  /** Closes an open or half-open circuit on a hint from outside (cause `hint`), with its ramp-up. Returns whether it did. */
  recover(): boolean {
    return this.#circuit.recover(this.clock.now());
  }

  /** The state as JSON, for a later process. What a window holds is not in it: rates are measured afresh. */
  snapshot(): CircuitSnapshot {
    return takeSnapshot(this.#circuit.state, this.clock);
  }

  /**
   * Goes on from a snapshot. What was isolated or disabled is so again, until `reset()`.
   * @throws ConfigError when it is no snapshot, or of a version that is not known.
   */
  restore(snapshot: unknown): void {
    const state = restoredState(readSnapshot(this.name, snapshot), this.settings, this.clock);
    this.#circuit.restore(state, this.clock.now());
  }

  override measure(record: Recorder): void {
    super.measure(record);
    for (const state of CIRCUIT_STATES) {
      record(CIRCUIT_BREAKER_METRICS.state, { policy: this.name, state }, state === this.state ? 1 : 0);
    }
  }

  /** @internal */
  protected keyOf(): undefined {
    return undefined;
  }
}

/** Opens after failures in a row, or at a rate over a window; 5 failures, 60 s and 3 successes to close by default. */
export function circuitBreaker(options?: CircuitBreakerOptions): CircuitBreaker {
  return new CircuitBreaker(options);
}
