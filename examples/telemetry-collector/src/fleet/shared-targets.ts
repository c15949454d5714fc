import { type HintStore, type SharedBreaker, sharedBreaker } from '@breakwater/fleet';
import type { Clock, KeyedCircuitBreaker } from '@breakwater/resilience';

export interface SharedTargetsOptions {
  /** Has a circuit for each target, under its name. */
  breaker: KeyedCircuitBreaker;
  store: HintStore;
  /** Who this collector is, '' before it joined, and who else is known. */
  members: { readonly id: string; readonly ids: readonly string[] };
  clock: Clock;
}

/**
 * Tells the other collectors which targets' circuits are open. A target has one owner, so nobody else can confirm what it
 * saw: its word alone counts, and only once its circuit has opened. Whoever takes the target over finds it open, and
 * probes when the time is up, instead of finding out with failures of its own.
 */
export function shareTargets({ breaker, store, members, clock }: SharedTargetsOptions): SharedBreaker {
  return sharedBreaker({ breaker, store, members, quorum: 1, suspectAfter: Number.POSITIVE_INFINITY, clock });
}
