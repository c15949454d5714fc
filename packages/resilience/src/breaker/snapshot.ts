import type { Clock } from '../core/clock.js';
import { ConfigError } from '../core/errors.js';
import { TRIP_CAUSES, type TripCause } from '../core/events.js';
import { Closed } from './closed.js';
import { Disabled } from './disabled.js';
import { HalfOpen } from './half-open.js';
import { Isolated } from './isolated.js';
import { Open } from './open.js';
import type { CircuitSettings } from './settings.js';
import type { State } from './state.js';

/** A circuit's state as JSON. Times are wall-clock, so that they hold in another process. */
export type CircuitSnapshot =
  | { readonly version: 1; readonly state: 'closed'; readonly failures: number }
  | {
      readonly version: 1;
      readonly state: 'open';
      readonly cause: TripCause;
      /** Milliseconds since the epoch. */
      readonly openedAt: number;
      readonly openMs: number;
      readonly attempts: number;
    }
  | { readonly version: 1; readonly state: 'isolated' | 'disabled' };

/** A keyed breaker's entries as JSON. */
export interface KeyedCircuitSnapshot {
  readonly version: 1;
  readonly circuits: ReadonlyArray<readonly [key: string, circuit: CircuitSnapshot]>;
}

export function takeSnapshot(state: State, clock: Clock): CircuitSnapshot {
  if (state instanceof Closed) return { version: 1, state: 'closed', failures: state.failures };
  // Probes end with their process. The open state whose time is up leads to new ones.
  const open = state instanceof HalfOpen ? state.open : state;
  if (open instanceof Open) {
    return {
      version: 1,
      state: 'open',
      cause: open.cause,
      openedAt: Math.round(clock.wall() - (clock.now() - open.openedAtMs)),
      openMs: open.untilMs - open.openedAtMs,
      attempts: open.attempts,
    };
  }
  return { version: 1, state: state.name === 'isolated' ? 'isolated' : 'disabled' };
}

const LONGEST_SHOWN = 40;

/** A value from outside for a message: bounded, whatever it is. */
const shown = (value: unknown): string =>
  typeof value === 'object' ? 'an object' : String(value).slice(0, LONGEST_SHOWN);

const isTripCause = (value: unknown): value is TripCause => (TRIP_CAUSES as readonly unknown[]).includes(value);

/** @throws ConfigError when `input` is no snapshot, or of a version that is not known. */
export function readSnapshot(name: string, input: unknown): CircuitSnapshot {
  const refuse = (what: string): never => {
    throw new ConfigError(`${name}: ${what}; pass what snapshot() returned`);
  };
  if (typeof input !== 'object' || input === null) return refuse('the snapshot is no object');
  const { version, state, failures, cause, openedAt, openMs, attempts } = input as Record<string, unknown>;
  if (version !== 1) return refuse(`the snapshot's version is ${shown(version)}, not 1`);
  const count = (field: string, value: unknown, least: number): number =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? (value as number)
      : refuse(`the snapshot's ${field} is ${shown(value)}, not a whole number of at least ${least}`);
  const time = (field: string, value: unknown): number =>
    typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
      ? value
      : refuse(`the snapshot's ${field} is ${shown(value)}, not milliseconds`);
  switch (state) {
    case 'closed':
      return { version, state, failures: count('failures', failures, 0) };
    case 'open':
      if (!isTripCause(cause)) {
        return refuse(`the snapshot's cause is ${shown(cause)}, not one of ${TRIP_CAUSES.join(', ')}`);
      }
      return {
        version,
        state,
        cause,
        openedAt: time('openedAt', openedAt),
        openMs: time('openMs', openMs),
        attempts: count('attempts', attempts, 1),
      };
    case 'isolated':
    case 'disabled':
      return { version, state };
    default:
      return refuse(`the snapshot's state is ${shown(state)}, not closed, open, isolated or disabled`);
  }
}

/** @throws ConfigError as `readSnapshot`, naming the key at fault. */
export function readKeyedSnapshot(name: string, input: unknown): KeyedCircuitSnapshot['circuits'] {
  const { version, circuits } = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  if (version !== 1 || !Array.isArray(circuits)) {
    throw new ConfigError(`${name}: this is no keyed snapshot of version 1; pass what snapshot() returned`);
  }
  return circuits.map((pair: unknown) => {
    const [key, circuit] = Array.isArray(pair) ? pair : [];
    if (typeof key !== 'string') {
      throw new ConfigError(`${name}: the snapshot has a circuit whose key is ${shown(key)}, not a string`);
    }
    return [key, readSnapshot(`${name}, key ${JSON.stringify(shown(key))}`, circuit)];
  });
}

/** The state that goes on where a snapshot was taken. */
export function restoredState(snapshot: CircuitSnapshot, settings: CircuitSettings, clock: Clock): State {
  switch (snapshot.state) {
    case 'closed':
      return new Closed(settings, undefined, snapshot.failures);
    case 'open': {
      const openMs = Math.min(snapshot.openMs, settings.maxRecoveryTimeoutMs);
      // A wall clock that was set back must not keep the circuit open for longer than it ever was to be.
      const elapsedMs = Math.max(0, clock.wall() - snapshot.openedAt);
      const openedAtMs = clock.now() - elapsedMs;
      return new Open(snapshot.cause, openedAtMs, openedAtMs + openMs, snapshot.attempts);
    }
    case 'isolated':
      return new Isolated();
    case 'disabled':
      return new Disabled();
  }
}
