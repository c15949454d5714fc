import type { TripCause } from '../core/events.js';
import type { Counts } from './window.js';

/** When what a window holds is bad enough. */
export interface RateSettings {
  readonly minimumCalls: number;
  /** Shares from 0 to 1: reached is enough. */
  readonly failureRate: number;
  readonly slowCallRate: number;
}

/**
 * Why the counts trip the circuit, if they do. Asked after every result: a success can bring the calls to their minimum, or
 * be the slow one too many.
 */
export function rateCause(rates: RateSettings, counts: Counts): TripCause | undefined {
  if (counts.calls < rates.minimumCalls) return undefined;
  // Divided, not multiplied: 7 / 10 is exactly the 0.7 that an option says, 0.7 * 10 need not be 7.
  if (counts.failures / counts.calls >= rates.failureRate) return 'failure-rate';
  if (counts.slow / counts.calls >= rates.slowCallRate) return 'slow-rate';
  return undefined;
}
