import { ConfigError } from '@breakwater/resilience';
import { isMemberId } from './membership-store.js';

/** When a member beats, and for how long it counts. Every replica of a fleet has the same lease. */
export interface MembershipTimes {
  /** How long a member counts after its last heartbeat, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  /** How long until the next heartbeat, in milliseconds, at most half of the lease. Default a third of it. */
  readonly heartbeatMs?: number;
  /** How long what a change ended may take to stop before it is aborted, in milliseconds. Default `heartbeatMs`. */
  readonly releaseTimeoutMs?: number;
}

const LEASE = { least: 100, most: 3_600_000 };

/** @throws ConfigError naming the option, its value and its range. */
export function checkedTimes({ leaseMs = 15_000, ...times }: MembershipTimes): Required<MembershipTimes> {
  check('leaseMs', leaseMs, LEASE.least, LEASE.most);
  const { heartbeatMs = Math.floor(leaseMs / 3) } = times;
  check('heartbeatMs', heartbeatMs, 10, leaseMs / 2);
  const { releaseTimeoutMs = heartbeatMs } = times;
  check('releaseTimeoutMs', releaseTimeoutMs, 1, LEASE.most);
  return { leaseMs, heartbeatMs, releaseTimeoutMs };
}

/** @throws ConfigError for what cannot be a member's id. */
export function checkedId(id: string): string {
  if (isMemberId(id)) return id;
  throw new ConfigError(
    `membership: id is ${JSON.stringify(id)}; it must be 1 to 128 of A-Z, a-z, 0-9, _, ., :, ~ and -`,
  );
}

function check(option: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new ConfigError(
    `membership: ${option} is ${String(value)}; it must be a whole number from ${least} to ${Math.floor(most)}`,
  );
}
