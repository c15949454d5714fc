import type { MetricDefinition } from '../metrics/definition.js';

export const TIMEOUT_METRICS = {
  timeouts: {
    name: 'timeout_expired_total',
    type: 'counter',
    help: 'Calls that had no result in time; stalled="yes" where our own event loop stood still meanwhile',
    labels: { policy: 'one per timeout policy', stalled: ['no', 'yes'] },
  },
  runningOn: {
    name: 'timeout_operations_running_on',
    type: 'gauge',
    help: 'Operations that still run although their caller was answered',
    labels: { policy: 'one per timeout policy' },
  },
} as const satisfies Record<string, MetricDefinition>;
