import type { MetricDefinition } from '@breakwater/resilience';

const lease = 'one per lease that the process stands for';

export const LEASE_CALLS = ['granted', 'renewed', 'held', 'failed', 'resigned'] as const;
export type LeaseCall = (typeof LEASE_CALLS)[number];

export const TERM_ENDS = ['expired', 'taken', 'resigned', 'stale'] as const;
/**
 * Why a term ended: its lease ran out without an answer from the store; the store has another, or none; it was given up;
 * the workload carries a higher stamp.
 */
export type TermEnd = (typeof TERM_ENDS)[number];

export const ACT_OUTCOMES = ['accepted', 'conflict', 'stale', 'over', 'uncertain'] as const;
/**
 * What came of an act: done; refused since the workload had changed; refused since it carries a higher stamp; not tried
 * since the term was over; unknown.
 */
export type ActOutcome = (typeof ACT_OUTCOMES)[number];

export const LEADER_METRICS = {
  leader: { name: 'fleet_leader', type: 'gauge', help: 'Whether this replica leads', labels: { lease } },
  token: {
    name: 'fleet_leader_token',
    type: 'gauge',
    help: 'Highest fencing token that this replica has seen; it only grows',
    labels: { lease },
  },
  changes: {
    name: 'fleet_leader_changes_total',
    type: 'counter',
    help: 'Changes of the leader that this replica has seen, its own terms included',
    labels: { lease },
  },
  ended: {
    name: 'fleet_leader_terms_ended_total',
    type: 'counter',
    help: 'Terms of this replica that ended',
    labels: { lease, reason: TERM_ENDS },
  },
  calls: {
    name: 'fleet_lease_calls_total',
    type: 'counter',
    help: 'Calls to where the lease is kept',
    labels: { lease, outcome: LEASE_CALLS },
  },
  acts: {
    name: 'fleet_leader_acts_total',
    type: 'counter',
    help: 'Changes that were to be made under a term of this replica; all but accepted ones are refusals, or unknown',
    labels: { lease, outcome: ACT_OUTCOMES },
  },
} as const satisfies Record<string, MetricDefinition>;
