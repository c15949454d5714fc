import type { MetricDefinition } from '@breakwater/resilience';

/** What became of a heartbeat; `superseded`: another process has its id. */
export const HEARTBEAT_OUTCOMES = ['answered', 'failed', 'superseded'] as const;
export type HeartbeatOutcome = (typeof HEARTBEAT_OUTCOMES)[number];

export const STANDINGS = ['alone', 'joining', 'member', 'unsure', 'out'] as const;

export const MEMBERSHIP_METRICS = {
  members: {
    name: 'fleet_members',
    type: 'gauge',
    help: 'Members of the fleet, those that share no work too, at the last heartbeat that was answered',
    labels: {},
  },
  sharers: {
    name: 'fleet_sharers',
    type: 'gauge',
    help: 'Members that share the work, as this replica knows them, itself included',
    labels: {},
  },
  presumedDead: {
    name: 'fleet_presumed_dead',
    type: 'gauge',
    help: 'Members whose part this replica takes too: their leases, as last known, are over, and Redis cannot be asked',
    labels: {},
  },
  standing: {
    name: 'fleet_standing',
    type: 'gauge',
    help: 'Where this replica stands among those that share the work: 1 for the present standing',
    labels: { standing: STANDINGS },
  },
  changes: {
    name: 'fleet_standing_changes_total',
    type: 'counter',
    help: 'Changes to another standing; a change of members alone counts too',
    labels: { to: STANDINGS },
  },
  aloneSeconds: {
    name: 'fleet_alone_seconds_total',
    type: 'counter',
    help: 'How long this replica took everything, as Redis could not be asked',
    labels: {},
  },
  leaseLeft: {
    name: 'fleet_lease_left_seconds',
    type: 'gauge',
    help: 'How long this replica may act on its last answered heartbeat; 0 without a lease',
    labels: {},
  },
  heartbeats: {
    name: 'fleet_heartbeats_total',
    type: 'counter',
    help: 'Heartbeats by what became of them',
    labels: { outcome: HEARTBEAT_OUTCOMES },
  },
  heartbeatSeconds: {
    name: 'fleet_heartbeat_seconds',
    type: 'histogram',
    help: 'How long answered heartbeats took',
    labels: {},
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  superseded: {
    name: 'fleet_superseded_total',
    type: 'counter',
    help: 'How often another process took the id of this replica, which went on under another one',
    labels: {},
  },
  epochChanges: {
    name: 'fleet_epoch_changes_total',
    type: 'counter',
    help: 'How often Redis had forgotten what it told this replica: emptied, restarted with old data, failed over',
    labels: {},
  },
  releasesOverdue: {
    name: 'fleet_releases_overdue_total',
    type: 'counter',
    help: 'Changes after which something still ran long after its abort; others were told that it had ended',
    labels: {},
  },
  damagedLoads: {
    name: 'fleet_damaged_loads_total',
    type: 'counter',
    help: 'Loads of members that could not be read',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
