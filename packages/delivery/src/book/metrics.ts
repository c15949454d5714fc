import type { MetricDefinition } from '@breakwater/resilience';

/** Why points expired before they were delivered. */
export const EXPIRY_REASONS = ['size', 'age', 'operator'] as const;
export type ExpiryReason = (typeof EXPIRY_REASONS)[number];

const labels = { backend: 'its URL without credentials', slot: 'the folder of the log, slot-N' } as const;

/** Counters begin at zero when a process opens the folder: `spool ls` has them over the folder's life. */
export const BOOK_METRICS = {
  carried: {
    name: 'delivery_carried_points',
    type: 'gauge',
    help: 'Points that were owed already when the process opened the folder',
    labels,
  },
  accepted: {
    name: 'delivery_accepted_points_total',
    type: 'counter',
    help: 'Points that were accepted for the backend since the process opened the folder',
    labels,
  },
  pending: {
    name: 'delivery_pending_points',
    type: 'gauge',
    help: 'Points that are not delivered yet, those in flight included',
    labels,
  },
  held: {
    name: 'delivery_held_points',
    type: 'gauge',
    help: 'Points that the backend acknowledged and might still lose',
    labels,
  },
  released: { name: 'delivery_released_points_total', type: 'counter', help: 'Points that were delivered', labels },
  quarantined: {
    name: 'delivery_quarantined_points_total',
    type: 'counter',
    help: 'Points that the backend refused for good',
    labels,
  },
  expired: {
    name: 'delivery_expired_points_total',
    type: 'counter',
    help: 'Points that were given up before they were delivered, by why: the cap on disk, their age, or an operator',
    labels: { ...labels, reason: EXPIRY_REASONS },
  },
  handedOver: {
    name: 'delivery_handed_over_points_total',
    type: 'counter',
    help: 'Points that a peer took over from a process that was drained',
    labels,
  },
  damaged: {
    name: 'delivery_damaged_points_total',
    type: 'counter',
    help: 'Points that the log lost before they were delivered',
    labels,
  },
} as const satisfies Record<string, MetricDefinition>;
