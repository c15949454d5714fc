import type {
  CircuitAdviser,
  CircuitBreaker,
  CircuitState,
  KeyedCircuitBreaker,
  TripOptions,
} from '@breakwater/resilience';

/** How the one circuit of a breaker without keys is called. */
export const ONLY_KEY = '-';

/** The circuits of either kind of breaker, by key. */
export interface Circuits {
  readonly name: string;
  readonly failureThreshold: number;
  readonly recoveryTimeoutMs: number;
  state(key: string): CircuitState;
  trip(key: string, options: TripOptions): boolean;
  recover(key: string): boolean;
  advise(adviser: CircuitAdviser): Disposable;
}

export function circuitsOf(breaker: CircuitBreaker | KeyedCircuitBreaker): Circuits {
  // Only the keyed one has entries.
  if ('entries' in breaker) return breaker;
  const { name, failureThreshold, recoveryTimeoutMs } = breaker;
  return {
    name,
    failureThreshold,
    recoveryTimeoutMs,
    state: () => breaker.state,
    trip: (_key, options) => breaker.trip(options),
    recover: () => breaker.recover(),
    advise: (adviser) => breaker.advise(adviser),
  };
}
