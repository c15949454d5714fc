import { type CounterRange, counterRate } from '../counter-rate.js';
import { type AgentTime, elapsedFor } from './agent-time.js';

/** A counter's value, stamped by the agent that gave it. */
export interface Seen {
  readonly time: AgentTime;
  readonly value: bigint;
}

/** The rate per second by the agent's own clock: how long our questions took does not matter. Undefined across a restart. */
export function rateBetween(before: Seen, now: Seen, range: CounterRange): number | undefined {
  const elapsedMs = elapsedFor(before.time, now.time);
  if (elapsedMs === undefined) return undefined;
  return counterRate({ value: before.value, atMs: 0 }, { value: now.value, atMs: elapsedMs }, range);
}
