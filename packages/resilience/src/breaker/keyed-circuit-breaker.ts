import { numberOption } from '../config/option.js';
import type { Call } from '../core/call.js';
import { ConfigError } from '../core/errors.js';
import type { CircuitCause, CircuitState } from '../core/events.js';
import type { Next } from '../core/layer.js';
import type { Options, Permit, Verdict } from '../core/types.js';
import type { Recorder } from '../metrics/definition.js';
import type { TripOptions } from './adviser.js';
import { Breaker } from './breaker.js';
import type { Circuit } from './circuit.js';
import { CircuitTable } from './circuit-table.js';
import { Closed } from './closed.js';
import { Grace, type Visits } from './grace.js';
import { HalfOpen } from './half-open.js';
import { Hold } from './hold.js';
import type { KeyedCircuit } from './keyed-circuit.js';
import { CIRCUIT_BREAKER_METRICS, CIRCUIT_STATES } from './metrics.js';
import { Open } from './open.js';
import { BreakerPermit } from './permit.js';
import { type CircuitBreakerOptions, checkedTrip } from './settings.js';
import { type KeyedCircuitSnapshot, readKeyedSnapshot, restoredState, takeSnapshot } from './snapshot.js';
import type { State } from './state.js';

export interface KeyedCircuitBreakerOptions extends CircuitBreakerOptions {
  /**
   * Entries at most. Default 100,000, and 10,000 with a window, whose entries are larger. To make room the closed circuit
   * whose last result is oldest is forgotten; when none is closed, further keys get no entry: their calls run, and their results
   * are only counted (`circuit_breaker_untracked_results_total`).
   */
  maxKeys?: number;
}

/** What is known of a key that is not at rest. */
export interface KeyEntry {
  readonly key: string;
  readonly state: CircuitState;
  /** Failures in a row, while closed. */
  readonly failures: number;
  /** When an open or half-open circuit opened, in milliseconds since the epoch. */
  readonly openedAt: number | undefined;
  /** Milliseconds until an open circuit lets a probe through. */
  readonly retryAfterMs: number | undefined;
  /** The code or message of the last failure, cut short, or `status 503` of an answer. */
  readonly lastError: string | undefined;
}

/**
 * A circuit for each `options.key`, all alike. With the consecutive rule alone a key that never failed, or recovered, has
 * no entry and costs nothing. One that fails costs 190 to 250 bytes besides the key itself (measured with 100,000 keys on
 * Node 24). With a window every key that was called has an entry: 450 bytes and one for each call of a count window; 340
 * bytes and 24 for each bucket of a time window.
 */
export class KeyedCircuitBreaker extends Breaker {
  readonly maxKeys: number;
  readonly #table: CircuitTable;
  readonly #grace = new Grace<KeyedCircuit>((circuit) => this.#forgetAtRest(circuit));
  #evictions = 0;
  #untracked = 0;

  constructor(options: KeyedCircuitBreakerOptions = {}) {
    super(options, 'keyed-circuit-breaker');
    const maxKeys = options.maxKeys ?? (this.settings.window === undefined ? 100_000 : 10_000);
    this.maxKeys = numberOption(this.name, 'maxKeys', maxKeys, { min: 1, integer: true });
    this.#table = new CircuitTable(this, this.maxKeys);
  }

  /** A call without `options.key` is rejected with ConfigError. */
  run(call: Call, next: Next): Promise<unknown> {
    const { key } = call.options;
    if (key === undefined) return Promise.reject(this.#keyless());
    const circuit = this.#table.get(key);
    const timed = circuit?.state.timesStart ?? this.settings.timesCalls;
    const startedMs = timed ? this.clock.now() : 0;
    const refusal = circuit?.admit(startedMs);
    if (refusal !== undefined) {
      const error = this.refuse(circuit!, refusal, startedMs, call.id);
      return error === undefined ? next(call) : Promise.reject(error);
    }
    const visits = this.#grace.enter();
    return this.watch(call, next(call), this.generation, startedMs, visits);
  }

  /**
   * Leave to run an operation on `options.key` by hand. Say what became of it; disposed without a word it counts neither way.
   * @throws RejectedError when the key's circuit refuses, or the options' signal or deadline is over.
   * @throws ConfigError without a key.
   */
  acquire(options: Options): Permit {
    const { key } = options;
    if (key === undefined) throw this.#keyless();
    this.refuseIfOver(options);
    const circuit = this.#table.get(key);
    const timed = circuit?.state.timesStart ?? this.settings.timesCalls;
    const startedMs = timed ? this.clock.now() : 0;
    const refusal = circuit?.admit(startedMs);
    if (refusal !== undefined) {
      const error = this.refuse(circuit!, refusal, startedMs, 0);
      if (error !== undefined) throw error;
      return new BreakerPermit(() => {});
    }
    const visits = this.#grace.enter();
    const began = this.generation;
    return new BreakerPermit((verdict, error) => {
      this.#hear(key, verdict, error, began, startedMs)?.giveBack(began);
      this.#grace.leave(visits);
    });
  }

  #keyless(): ConfigError {
    return new ConfigError(`${this.name}: options.key is missing; pass the key that the call belongs to`);
  }

  /** @internal */
  protected settle(
    call: Call,
    verdict: Verdict,
    result: unknown,
    began: number,
    startedMs: number,
    visits: Visits,
  ): void {
    const circuit = this.#hear(call.options.key!, verdict, result, began, startedMs);
    if (circuit !== undefined) this.giveBack(call, circuit, began);
    this.#grace.leave(visits);
  }

  /** Tells the key's circuit, which a result that matters brings into being. */
  #hear(key: string, verdict: Verdict, result: unknown, began: number, startedMs: number): KeyedCircuit | undefined {
    const circuit = this.#table.get(key) ?? this.#circuitFor(key, verdict);
    if (circuit === undefined) {
      this.tally[verdict]++;
      return undefined;
    }
    if (verdict === 'failure' && !circuit.isLate(began)) circuit.remember(result);
    this.#table.touch(circuit);
    this.tell(circuit, verdict, result, began, startedMs);
    this.#forgetAtRest(circuit);
    return circuit;
  }

  #circuitFor(key: string, verdict: Verdict): KeyedCircuit | undefined {
    const matters = verdict === 'failure' || (verdict === 'success' && this.settings.window !== undefined);
    if (!matters) return undefined;
    if (this.#makeRoom()) return this.#table.add(key);
    this.#untracked++;
    return undefined;
  }

  #makeRoom(): boolean {
    if (!this.#table.full) return true;
    const oldest = this.#table.oldestClosed;
    if (oldest === undefined) return false;
    this.#table.drop(oldest);
    this.#grace.forget(oldest);
    this.#evictions++;
    return true;
  }

  /** A circuit that is as good as new goes, unless a call of its past might still come back. */
  #forgetAtRest(circuit: KeyedCircuit): void {
    const { state } = circuit;
    if (state instanceof Closed && state.atRest && !this.#grace.holds(circuit)) this.#table.drop(circuit);
  }

  /** @internal */
  override moved(circuit: KeyedCircuit, from: State, cause: CircuitCause, nowMs: number): void {
    this.#table.moved(circuit, from.name, circuit.state.name);
    super.moved(circuit, from, cause, nowMs);
    if (circuit.state instanceof Closed) this.#grace.retire(circuit);
  }

  /** The state of a key's circuit; `closed` for a key at rest. One whose open time is up stays `open` until the next call. */
  state(key: string): CircuitState {
    return this.#table.get(key)?.state.name ?? 'closed';
  }

  /** Entries by state. Keys at rest have none. */
  counts(): Record<CircuitState, number> {
    return { ...this.#table.counts };
  }

  /** What is known of each key that has an entry, in no order that matters. */
  *entries(): IterableIterator<KeyEntry> {
    const nowMs = this.clock.now();
    const bootMs = this.clock.wall() - nowMs;
    for (const { key, state, lastError } of this.#table) {
      const open = state instanceof HalfOpen ? state.open : state;
      yield {
        key,
        state: state.name,
        failures: state instanceof Closed ? state.failures : 0,
        openedAt: open instanceof Open ? Math.round(bootMs + open.openedAtMs) : undefined,
        retryAfterMs: state instanceof Open ? state.retryAfterMs(nowMs) : undefined,
        lastError,
      };
    }
  }

  /** Closes a key's circuit at once, without ramp-up: counts, backoff and isolations are forgotten. */
  reset(key: string): void {
    this.#circuitByHand(key).reset(this.clock.now());
  }

  /**
   * Refuses the key's calls (`isolated`) until what it returns is disposed; held several times, until the last is. The
   * circuit then closes, with its ramp-up. An isolation gets its entry beyond `maxKeys` too.
   */
  isolate(key: string): Disposable {
    const circuit = this.#circuitByHand(key);
    const isolated = circuit.isolate(this.clock.now());
    return new Hold(() => circuit.release(isolated, this.clock.now()));
  }

  /**
   * Opens a key's circuit at once on a hint from outside (cause `hint`), or keeps it open for longer, never for less. Calls
   * under way do not count any more. Returns false where an isolation comes first, or no entry is free.
   * @throws ConfigError for a number that is none.
   */
  trip(key: string, options: TripOptions = {}): boolean {
    const { openMs, attempts } = checkedTrip(this.name, options);
    if (this.#table.get(key) === undefined && !this.#makeRoom()) return false;
    return this.#circuitByHand(key).trip(this.clock.now(), openMs, attempts);
  }

  /** Closes a key's open or half-open circuit on a hint from outside (cause `hint`), with its ramp-up. Returns whether it did. */
  recover(key: string): boolean {
    return this.#table.get(key)?.recover(this.clock.now()) ?? false;
  }

  /** An entry even for a key at rest: what began before the order must not count after it. */
  #circuitByHand(key: string): KeyedCircuit {
    const present = this.#table.get(key);
    if (present !== undefined) return present;
    this.#makeRoom();
    return this.#table.add(key);
  }

  /** The entries as JSON, for a later process. What windows hold is not in it. */
  snapshot(): KeyedCircuitSnapshot {
    const circuits = Array.from(this.#table, ({ key, state }) => [key, takeSnapshot(state, this.clock)] as const);
    return { version: 1, circuits };
  }

  /**
   * Goes on from a snapshot; keys that it does not name stay as they are. Those that find no room are counted as untracked.
   * @throws ConfigError when it is no snapshot, or of a version that is not known; then nothing is changed.
   */
  restore(snapshot: unknown): void {
    const read = readKeyedSnapshot(this.name, snapshot);
    for (const [key, circuit] of read) {
      const state = restoredState(circuit, this.settings, this.clock);
      if (this.#table.get(key) !== undefined || this.#makeRoom())
        this.#circuitByHand(key).restore(state, this.clock.now());
      else this.#untracked++;
    }
  }

  override measure(record: Recorder): void {
    super.measure(record);
    const policy = this.name;
    for (const state of CIRCUIT_STATES) {
      record(CIRCUIT_BREAKER_METRICS.keys, { policy, state }, this.#table.counts[state]);
    }
    record(CIRCUIT_BREAKER_METRICS.evictions, { policy }, this.#evictions);
    record(CIRCUIT_BREAKER_METRICS.untracked, { policy }, this.#untracked);
  }

  /** @internal */
  protected keyOf(circuit: Circuit): string {
    return (circuit as KeyedCircuit).key;
  }
}

/** One circuit for each `options.key`, opened after failures in a row or at a rate over a window, as `circuitBreaker` is. */
export function keyedCircuitBreaker(options?: KeyedCircuitBreakerOptions): KeyedCircuitBreaker {
  return new KeyedCircuitBreaker(options);
}
