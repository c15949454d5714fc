/** One reading of a counter that only grows, until it wraps or starts anew. */
export interface CounterSample {
  readonly value: bigint;
  /** When it was read, in milliseconds of any clock that does not jump. */
  readonly atMs: number;
}

export interface CounterRange {
  /** The counter is 0 again after 2^bits - 1. */
  readonly bits: 32 | 64;
  /** The most that it grows in a second, such as an interface's speed in bytes, where it is known. */
  readonly maxPerSecond?: number | undefined;
}

/** Agents cache their counters for some seconds, so that one interval may carry the growth of two. */
const TOLERANCE = 2;
/** Nothing counts faster than this, so that a 64-bit counter which went back was set back. */
const FASTEST_PER_SECOND = 1e13;

/**
 * How fast a counter grew from `before` to `now`, per second. A counter that went back has wrapped once when the rate
 * then is possible, else it was set anew: undefined, as when no time has passed. No rate is better than a spike.
 */
export function counterRate(before: CounterSample, now: CounterSample, range: CounterRange): number | undefined {
  const elapsedMs = now.atMs - before.atMs;
  if (!(elapsedMs >= 1)) return undefined;
  const seconds = elapsedMs / 1_000;
  if (now.value >= before.value) return Number(now.value - before.value) / seconds;
  const wrapped = Number(now.value - before.value + (1n << BigInt(range.bits))) / seconds;
  return wrapped <= (range.maxPerSecond ?? FASTEST_PER_SECOND) * TOLERANCE ? wrapped : undefined;
}
