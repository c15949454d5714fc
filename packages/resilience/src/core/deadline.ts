import type { Clock } from './clock.js';

/** Whether something that takes `ms` can still be done before `deadline`. */
export function fits(clock: Clock, deadline: number, ms: number): boolean {
  return deadline === Number.POSITIVE_INFINITY || clock.now() + ms < deadline;
}
