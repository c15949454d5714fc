import type { MetricDefinition } from '@breakwater/resilience';

/**
 * What a limit stands on: `process`, there is no Redis; `fleet`, one limit for all replicas; `closed`, Redis answers, but
 * somebody may still use permits that it does not know of; `lost`, Redis does not answer, and nothing new runs; `share`,
 * Redis has not answered for so long that this replica uses its share; `ended`.
 */
export const LIMITER_MODES = ['process', 'fleet', 'closed', 'lost', 'share', 'ended'] as const;
export type LimiterMode = (typeof LIMITER_MODES)[number];

export const LIMITER_REJECTIONS = ['queue-full', 'queue-timeout', 'deadline', 'aborted', 'shutdown'] as const;
export type LimiterRejection = (typeof LIMITER_REJECTIONS)[number];

const policy = 'one per fleet limiter; in the collector limit-<key>, for each of at most 100 in the targets file';

export const LIMITER_METRICS = {
  mode: {
    name: 'fleet_limiter_mode',
    type: 'gauge',
    help: 'What the limit stands on now: 1 for that mode, 0 for the others',
    labels: { policy, mode: LIMITER_MODES },
  },
  permits: {
    name: 'fleet_limiter_permits',
    type: 'gauge',
    help: 'Permits that there are now: of all replicas, or of this one alone in the modes process and share',
    labels: { policy },
  },
  inUse: {
    name: 'fleet_limiter_permits_in_use',
    type: 'gauge',
    help: 'Permits that this replica holds, for operations that ignore their abort too',
    labels: { policy },
  },
  queued: {
    name: 'fleet_limiter_queued',
    type: 'gauge',
    help: 'Calls of this replica that wait for permits',
    labels: { policy },
  },
  users: {
    name: 'fleet_limiter_replicas',
    type: 'gauge',
    help: 'Replicas that use the limit, as last known',
    labels: { policy },
  },
  differ: {
    name: 'fleet_limiter_terms_differ',
    type: 'gauge',
    help: 'Whether replicas ask for different limits or expirations under one key; the smallest limit counts',
    labels: { policy },
  },
  acquired: {
    name: 'fleet_limiter_acquired_total',
    type: 'counter',
    help: 'Calls that got their permits',
    labels: { policy },
  },
  rejected: {
    name: 'fleet_limiter_rejected_total',
    type: 'counter',
    help: 'Calls that were refused',
    labels: { policy, reason: LIMITER_REJECTIONS },
  },
  waited: {
    name: 'fleet_limiter_queue_wait_seconds',
    type: 'histogram',
    help: 'How long calls waited until they got their permits',
    labels: { policy },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  expired: {
    name: 'fleet_limiter_expired_total',
    type: 'counter',
    help: 'Operations that were aborted since they held their permits for too long',
    labels: { policy },
  },
  runningOn: {
    name: 'fleet_limiter_operations_running_on',
    type: 'gauge',
    help: 'Operations that ignore that abort: they run although their permits have returned to the fleet',
    labels: { policy },
  },
  returned: {
    name: 'fleet_limiter_unused_total',
    type: 'counter',
    help: 'Permits that came too late, or for a caller that had gone, and were given straight back',
    labels: { policy },
  },
  replaced: {
    name: 'fleet_limiter_replaced_total',
    type: 'counter',
    help: 'Bottleneck limiters that were thrown away since a call of theirs failed',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
