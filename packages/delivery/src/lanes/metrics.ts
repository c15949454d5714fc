import type { MetricDefinition } from '@breakwater/resilience';
import { type Answer, HOLD_REASONS } from '../backend/backend.js';

const backend = 'its URL, one for each backend';
const slot = 'the folder of the log, slot-N';

/** Why points were sent again. */
export const RESENT_REASONS = [...HOLD_REASONS, 'bad-lines', 'too-large', 'backend-restart'] as const;
export type ResentReason = (typeof RESENT_REASONS)[number];

export const REQUEST_OUTCOMES = ['stored', 'bad-lines', 'too-large', ...HOLD_REASONS] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

export const outcomeOf = (answer: Answer): RequestOutcome => (answer.kind === 'hold' ? answer.reason : answer.kind);

export const LANE_METRICS = {
  lag: {
    name: 'delivery_lag_seconds',
    type: 'gauge',
    help: 'Age of the oldest point that is not delivered yet, those for held destinations left out; 0 when there is none',
    labels: { backend, slot },
  },
  heldDestinationsLag: {
    name: 'delivery_held_destinations_lag_seconds',
    type: 'gauge',
    help: 'Age of the oldest point that waits for a destination which the backend does not take points for',
    labels: { backend, slot },
  },
  delay: {
    name: 'delivery_delay_seconds',
    type: 'histogram',
    help: 'From acceptance until the backend has stored it, one observation for each frame',
    labels: { backend, slot },
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400],
  },
  requests: {
    name: 'delivery_requests_total',
    type: 'counter',
    help: 'Write requests by what the backend answered',
    labels: { backend, slot, outcome: REQUEST_OUTCOMES },
  },
  resent: {
    name: 'delivery_resent_points_total',
    type: 'counter',
    help: 'Points that were sent again, by what had become of them before',
    labels: { backend, slot, reason: RESENT_REASONS },
  },
  held: {
    name: 'delivery_lane_held',
    type: 'gauge',
    help: '1 for the reason why nothing is sent',
    labels: { backend, slot, reason: HOLD_REASONS },
  },
  behind: {
    name: 'delivery_lane_behind',
    type: 'gauge',
    help: '1 while a backlog is sent behind the fresh points',
    labels: { backend, slot },
  },
  ackHoldOff: {
    name: 'delivery_ack_hold_off',
    type: 'gauge',
    help: '1 while acknowledged points should be held, but the backend does not say when it was started: a restart goes unnoticed',
    labels: { backend },
  },
  heldDestinations: {
    name: 'delivery_held_destinations',
    type: 'gauge',
    help: 'Destinations that the backend does not know, or does not take points for; others go on',
    labels: { backend },
  },
  inFlight: {
    name: 'delivery_requests_in_flight',
    type: 'gauge',
    help: 'Write requests under way',
    labels: { backend },
  },
  catchUpRate: {
    name: 'delivery_catch_up_points_per_second',
    type: 'gauge',
    help: 'How fast backlog may be sent at the moment',
    labels: { backend },
  },
  batchLimit: {
    name: 'delivery_batch_limit_bytes',
    type: 'gauge',
    help: 'Bytes of lines that a request may have at most; less than configured once the backend found that too large',
    labels: { backend },
  },
} as const satisfies Record<string, MetricDefinition>;
