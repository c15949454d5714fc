import type { CircuitCause, CircuitState } from '../core/events.js';

/** How a circuit is opened from outside. */
export interface TripOptions {
  /** For how long, in milliseconds, up to `maxRecoveryTimeoutMs`. Default: what the breaker would choose itself. */
  openMs?: number;
  /** How many times in a row it has opened without closing, as others know; the open time grows on from there. Default 1. */
  attempts?: number;
}

/** A change of state, as an adviser hears of it. */
export interface CircuitMove {
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly cause: CircuitCause;
  /** How long an open circuit stays open; 0 in other states. */
  readonly openMs: number;
  /** How many times in a row an open circuit has opened without closing; 0 in other states. */
  readonly attempts: number;
}

/**
 * Somebody who knows more than one breaker does: what other replicas see, say. It hears what the breaker learns, opens and
 * closes circuits with `trip` and `recover`, and says when they may probe. It is called in the middle of calls: its methods
 * neither throw nor wait, do no I/O, and call nothing of the breaker. `key` is undefined for a breaker with one circuit.
 */
export interface CircuitAdviser {
  /** What a call is told to wait for that comes when the open time is up and `probes` says 0, in milliseconds. */
  readonly retryAfterMs: number;
  /**
   * How many probes may run at once, on top of `maxProbes`: asked when the open time of a circuit is up, and before each
   * probe. At 0 an open circuit stays open, and a half-open one admits none.
   */
  probes(key: string | undefined): number;
  /** A call of a closed circuit failed, so many in a row by now. Not told of the one that opens it: that is a move. */
  failed(key: string | undefined, failures: number): void;
  /** A call of a closed circuit succeeded. A keyed breaker is silent about keys that are at rest. */
  succeeded(key: string | undefined): void;
  /** An open circuit refused a call: the key has traffic. */
  refused(key: string | undefined): void;
  moved(key: string | undefined, move: CircuitMove): void;
}
