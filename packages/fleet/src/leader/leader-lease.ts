import { type Clock, ConfigError, type Measured, type Random } from '@breakwater/resilience';
import { checkName } from '../fleet-key.js';
import type { LeaseHolder, LeaseTiming } from './lease-state.js';
import type { LeaseStore } from './lease-store.js';
import type { TermEnd } from './metrics.js';
import { isHolder } from './stamp.js';
import type { Term } from './term.js';

export interface LeaderLeaseOptions {
  readonly store: LeaseStore;
  /** What is led; contenders for one lease give it the same name. `[A-Za-z0-9_.-]{1,64}`. */
  readonly name: string;
  /** Who stands, for people: `holder` adds something random, so that two processes with one id stay two candidates. */
  readonly id: string;
  /** How long a leader that is silent stays one, in milliseconds; 50 to 3,600,000. Default 15,000. */
  readonly leaseMs?: number;
  /** How often it renews, in milliseconds. Default a third of the lease, and at most half of it. */
  readonly renewMs?: number;
  readonly onElected?: (term: Term) => void;
  /** Called after the term's signal was aborted. */
  readonly onLost?: (term: Term, reason: TermEnd) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** One candidate for a lease. */
export interface LeaderLease extends Measured {
  readonly name: string;
  /** Who it is in the store and in stamps: its id, and something random. */
  readonly holder: string;
  /** The term in which this candidate leads at this moment. */
  readonly term: Term | undefined;
  /** Who led when the store was last asked: as old as that. */
  readonly leader: LeaseHolder | undefined;
  /** Stands for the lease from now on. Resolves after the first attempt, whatever came of it. */
  start(): Promise<void>;
  /** Ends the term and gives the lease back, so that a successor comes at once. Never rejects: a lost store does no harm. */
  stop(): Promise<void>;
}

const SHORTEST_LEASE_MS = 50;
const LONGEST_LEASE_MS = 3_600_000;
const LONGEST_ID = 180;

/** The options with their defaults. @throws ConfigError naming the option, its value and what is allowed */
export function readOptions(options: LeaderLeaseOptions): LeaderLeaseOptions & LeaseTiming {
  const { name, id, leaseMs = 15_000, renewMs = leaseMs / 3 } = options;
  const lease = `leader lease ${checkName('the name of a leader lease', name)}`;
  if (!isHolder(id) || id.length > LONGEST_ID) {
    throw new ConfigError(
      `${lease}: id is ${JSON.stringify(id)}; it must be 1 to ${LONGEST_ID} printable ASCII characters without spaces`,
    );
  }
  if (!Number.isSafeInteger(leaseMs) || leaseMs < SHORTEST_LEASE_MS || leaseMs > LONGEST_LEASE_MS) {
    throw new ConfigError(
      `${lease}: leaseMs is ${leaseMs}; it must be a whole number from ${SHORTEST_LEASE_MS} to ${LONGEST_LEASE_MS}`,
    );
  }
  if (!(renewMs >= 1 && renewMs <= leaseMs / 2)) {
    throw new ConfigError(
      `${lease}: renewMs is ${renewMs}; it must be a number from 1 to ${leaseMs / 2}, half of the lease`,
    );
  }
  return { ...options, leaseMs, renewMs };
}
