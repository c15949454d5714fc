/** An agent's sysUpTime, and when it was read by a clock of ours. */
export interface AgentTime {
  /** Hundredths of a second since the agent started, modulo 2^32 (497 days). */
  readonly ticks: number;
  readonly atMs: number;
}

const TICKS = 2 ** 32;
const MS_PER_TICK = 10;
/** How far the agent's time may stand from ours: the answers travelled for different times, and quartz drifts. */
const SLACK_MS = 2_000;
const SLACK_SHARE = 0.05;

/**
 * Milliseconds that passed for the agent between two readings, through a wrap of sysUpTime. Undefined when it restarted
 * in between: then its time cannot have advanced as much as ours did.
 */
export function elapsedFor(before: AgentTime, now: AgentTime): number | undefined {
  const agentMs = ((now.ticks - before.ticks + TICKS) % TICKS) * MS_PER_TICK;
  const ourMs = now.atMs - before.atMs;
  return Math.abs(agentMs - ourMs) <= SLACK_MS + SLACK_SHARE * ourMs ? agentMs : undefined;
}
