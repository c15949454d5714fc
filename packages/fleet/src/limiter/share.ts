/** What a replica knew of the others when it last could ask. */
export interface Known {
  /** Replicas that use the limit, this one included. */
  readonly users: number;
  /** Whether all of them had counted this one. */
  readonly settled: boolean;
  readonly concurrent: number;
  /** The longest that a permit of one of them may be held. */
  readonly holdMs: number;
  /** Monotonic instant before it asked. */
  readonly askedAtMs: number;
  /** After so long without a beat of this replica the others stop to count it. */
  readonly countedForMs: number;
}

/** Since when Redis cannot be asked, in monotonic milliseconds. */
export interface Loss {
  readonly sinceMs: number;
}

export interface Share {
  readonly permits: number;
  /** Not before this monotonic instant; Infinity where waiting does not help. */
  readonly fromMs: number;
  /** Why there are none, or none yet. */
  readonly words: string;
}

/**
 * How many permits a replica may use of itself while Redis is gone, so that all shares together are within the limit:
 * the limit divided by the replicas that were last known, rounded down, once every job that Redis admitted has ended
 * and everybody has had time to notice.
 */
export function shareOf(known: Known | undefined, loss: Loss, settleMs: number): Share {
  const nothing = (words: string): Share => ({ permits: 0, fromMs: Number.POSITIVE_INFINITY, words });
  if (known === undefined) return nothing('it never knew how many replicas there are, so it has no share');
  if (!known.settled) return nothing('not all replicas had counted this one when Redis was lost, so it has no share');
  // Whoever did not beat for so long may have been struck off before Redis was lost: then the others share without it.
  if (loss.sinceMs - known.askedAtMs >= known.countedForMs) {
    return nothing('it had stood still when Redis was lost, and the others may share without it');
  }
  const permits = Math.floor(known.concurrent / known.users);
  const share = `its share of ${known.concurrent} permits among ${known.users} replicas is ${permits}`;
  if (permits === 0) return nothing(share);
  const fromMs = loss.sinceMs + known.holdMs + settleMs;
  return { permits, fromMs, words: `${share}, to be used when all that Redis had admitted has ended` };
}
