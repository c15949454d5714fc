import type { MetricDefinition } from '@breakwater/resilience';

/** How calls ended. */
export const CALL_OUTCOMES = ['ok', 'unreachable', 'timeout', 'refused', 'closed'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** What a connection is for: calls, or messages of other replicas. */
export const CONNECTION_USES = ['calls', 'messages'] as const;
export type ConnectionUse = (typeof CONNECTION_USES)[number];

export const REDIS_METRICS = {
  connected: {
    name: 'fleet_redis_connected',
    type: 'gauge',
    help: 'Whether Redis can be asked: 1, or 0 while it cannot be reached',
    labels: {},
  },
  calls: {
    name: 'fleet_redis_calls_total',
    type: 'counter',
    help: 'Scripts that Redis was asked to run, by how that ended; timeout: no answer, so that it may have run',
    labels: { outcome: CALL_OUTCOMES },
  },
  duration: {
    name: 'fleet_redis_call_seconds',
    type: 'histogram',
    help: 'How long Redis took to answer a script, refusals included',
    labels: {},
    buckets: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  losses: {
    name: 'fleet_redis_losses_total',
    type: 'counter',
    help: 'Times that a connection to Redis broke, or was given up because Redis did not answer on it',
    labels: { connection: CONNECTION_USES },
  },
} as const satisfies Record<string, MetricDefinition>;
