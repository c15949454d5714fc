import type { CircuitMove } from './flow/circuit-watch.js';
import { duration } from './terminal/words.js';

/** Why a circuit went into another state, in words; other causes speak for themselves. */
const WORDS: Partial<Record<CircuitMove['cause'], string>> = {
  failures: 'failures in a row',
  recovered: 'it works again',
  reset: 'reset by hand, or polled elsewhere from now on',
  hint: 'so other replicas say',
};

/** What people want to hear of a circuit: that it opened, and that it closed. How it probes in between is for the log. */
export function circuitNews({ key, from, to, cause, retryAfterMs }: CircuitMove, now: Date): string | undefined {
  const time = now.toTimeString().slice(0, 8);
  const why = WORDS[cause] ?? cause;
  if (to === 'open' && from === 'closed') {
    const again = retryAfterMs === undefined ? '' : `; tried again in ${duration(retryAfterMs)}`;
    return `${time} ${key}: circuit opened: ${why}${again}`;
  }
  if (to === 'closed') return `${time} ${key}: circuit closed: ${why}`;
  return undefined;
}
