import type { MetricDefinition } from '../metrics/definition.js';

const policy = 'one per batch pool';

export const BATCH_METRICS = {
  added: {
    name: 'batch_items_added_total',
    type: 'counter',
    help: 'Items that callers added or tried to add',
    labels: { policy },
  },
  items: {
    name: 'batch_items_total',
    type: 'counter',
    help: 'Items by outcome; abandoned: the caller was answered while the item was processed, what became of it is not known',
    labels: {
      policy,
      outcome: ['succeeded', 'failed', 'abandoned', 'queue-full', 'deadline', 'aborted', 'shutdown'],
    },
  },
  flushes: {
    name: 'batch_flushes_total',
    type: 'counter',
    help: 'Batches that a worker took, by what made them go',
    labels: { policy, cause: ['count', 'bytes', 'age', 'flush', 'drain'] },
  },
  size: {
    name: 'batch_size_items',
    type: 'histogram',
    help: 'Items in a batch when a worker took it',
    labels: { policy },
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
  },
  calls: {
    name: 'batch_process_calls_total',
    type: 'counter',
    help: 'Calls of process by result; poisoned: failed through the fault of an item',
    labels: { policy, result: ['succeeded', 'failed', 'poisoned'] },
  },
  duration: {
    name: 'batch_process_duration_seconds',
    type: 'histogram',
    help: 'How long calls of process took',
    labels: { policy },
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  bisections: {
    name: 'batch_bisections_total',
    type: 'counter',
    help: 'Poisoned batches that were split; isolated="no" where the calls allowed did not suffice to find each bad item',
    labels: { policy, isolated: ['no', 'yes'] },
  },
  waiting: {
    name: 'batch_waiting_items',
    type: 'gauge',
    help: 'Items whose callers wait for room in the queue',
    labels: { policy },
  },
  queued: {
    name: 'batch_queued_items',
    type: 'gauge',
    help: 'Items in batches that no worker has taken yet',
    labels: { policy },
  },
  inFlight: {
    name: 'batch_in_flight_items',
    type: 'gauge',
    help: 'Items that workers are processing',
    labels: { policy },
  },
  limit: {
    name: 'batch_queue_limit_items',
    type: 'gauge',
    help: 'Items queued and in flight together, at most',
    labels: { policy },
  },
  oldestAge: {
    name: 'batch_oldest_age_seconds',
    type: 'gauge',
    help: 'Age of the batch that goes next',
    labels: { policy },
  },
  busy: {
    name: 'batch_workers_busy',
    type: 'gauge',
    help: 'Workers that process a batch',
    labels: { policy },
  },
  workers: {
    name: 'batch_workers',
    type: 'gauge',
    help: 'Workers, at most',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;

/** What became of an item, as its metric names it. */
export type ItemFate = (typeof BATCH_METRICS.items.labels.outcome)[number];
/** How a call of `process` ended, as its metric names it. */
export type CallResult = (typeof BATCH_METRICS.calls.labels.result)[number];
