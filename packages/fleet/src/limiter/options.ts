import { type Clock, ConfigError } from '@breakwater/resilience';
import { numberOption } from '@breakwater/resilience/policy';
import { checkName } from '../fleet-key.js';
import type { RedisLink } from '../redis/redis-link.js';

export interface FleetLimiterOptions {
  /** Where the limit is kept for all replicas. Without it the limit holds for this process alone. */
  link?: RedisLink;
  /** Which fleet: 1 to 64 of A-Z, a-z, 0-9, `_`, `.` and `-`. Default `telemetry`. */
  fleet?: string;
  /** What is limited, the same in all replicas: 1 to 64 of the same characters. */
  key: string;
  /** How many permits there are, for all replicas together; 1 to 100,000. If replicas differ, the smallest counts. */
  concurrent: number;
  /**
   * How long an operation may hold its permits, in milliseconds; then it is aborted, and they return whatever becomes of
   * it. 1,000 to 3,600,000. It is also how long permits of a replica that died stay away, and how long the fleet waits
   * when what Redis knows may not be the truth.
   */
  expirationMs: number;
  /** Who is in the fleet, where membership knows: no share is larger than among so many. */
  members?: { readonly ids: readonly string[] };
  /** In errors and metrics. Default `fleet-limiter`. */
  name?: string;
  /** How long a call may wait when its deadline does not end it before, in milliseconds. Default 30,000. */
  queueTimeoutMs?: number;
  /** How many calls may wait in this replica; the next is refused with `queue-full`. Default 1,000. */
  maxQueue?: number;
  /**
   * What this replica does when Redis has been gone for so long that its former jobs have ended everywhere: use its `share`
   * of the limit (the default), or `nothing`. With `nothing` the limit also holds when Redis is gone for some replicas only.
   */
  withoutRedis?: 'share' | 'nothing';
  clock?: Clock;
}

export const DEFAULT_FLEET = 'telemetry';
const LONGEST_EXPIRATION_MS = 3_600_000;
const MOST_CONCURRENT = 100_000;

/** @throws ConfigError naming the option, its value and what is allowed. */
export function checkOptions(name: string, options: FleetLimiterOptions): void {
  checkName(`${name}: key`, options.key);
  checkName(`${name}: fleet`, options.fleet ?? DEFAULT_FLEET);
  checkTerms(name, options.concurrent, options.expirationMs);
  numberOption(name, 'queueTimeoutMs', options.queueTimeoutMs ?? 0, { min: 0, max: LONGEST_EXPIRATION_MS });
  numberOption(name, 'maxQueue', options.maxQueue ?? 0, { min: 0, integer: true });
  const { withoutRedis = 'share' } = options;
  if (withoutRedis !== 'share' && withoutRedis !== 'nothing') {
    throw new ConfigError(`${name}: withoutRedis is ${JSON.stringify(withoutRedis)}; it must be 'share' or 'nothing'`);
  }
}

export function checkTerms(name: string, concurrent: number, expirationMs: number): void {
  numberOption(name, 'concurrent', concurrent, { min: 1, max: MOST_CONCURRENT, integer: true });
  numberOption(name, 'expirationMs', expirationMs, { min: 1_000, max: LONGEST_EXPIRATION_MS, integer: true });
}
