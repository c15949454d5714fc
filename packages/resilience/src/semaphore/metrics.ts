import type { MetricDefinition } from '../metrics/definition.js';

/** Why a semaphore refuses. */
export const SEMAPHORE_REJECTIONS = ['queue-full', 'queue-timeout', 'deadline', 'aborted', 'shutdown'] as const;
export type SemaphoreRejection = (typeof SEMAPHORE_REJECTIONS)[number];

const policy = 'one per semaphore';

export const SEMAPHORE_METRICS = {
  permits: {
    name: 'semaphore_permits',
    type: 'gauge',
    help: 'Permits there are; of a keyed semaphore, for each key',
    labels: { policy },
  },
  inUse: {
    name: 'semaphore_permits_in_use',
    type: 'gauge',
    help: 'Permits that are taken, by operations that still run after their timeout too',
    labels: { policy },
  },
  queued: { name: 'semaphore_queued', type: 'gauge', help: 'Calls that wait for permits', labels: { policy } },
  keys: {
    name: 'semaphore_keys',
    type: 'gauge',
    help: 'Keys of a keyed semaphore that somebody uses or waits for',
    labels: { policy },
  },
  acquired: {
    name: 'semaphore_acquired_total',
    type: 'counter',
    help: 'Calls that got their permits, at once or after a wait',
    labels: { policy },
  },
  rejected: {
    name: 'semaphore_rejected_total',
    type: 'counter',
    help: 'Calls that were refused',
    labels: { policy, reason: SEMAPHORE_REJECTIONS },
  },
  waited: {
    name: 'semaphore_queue_wait_seconds',
    type: 'histogram',
    help: 'How long calls waited that had to, until they got their permits; one in eight is timed',
    labels: { policy },
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const satisfies Record<string, MetricDefinition>;
