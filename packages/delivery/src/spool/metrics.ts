import type { MetricDefinition } from '@breakwater/resilience';

export const SPOOL_METRICS = {
  orphaned: {
    name: 'delivery_orphaned_points',
    type: 'gauge',
    help: 'Points that are kept for a backend which the configuration does not name any more',
    labels: { backend: 'its URL, one for each such backend', slot: 'the folder of the log, slot-N' },
  },
  slots: {
    name: 'delivery_slots',
    type: 'gauge',
    help: 'Folders that this process delivers: its own, and those of processes that are gone',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
