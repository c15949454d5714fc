import type { MetricDefinition } from '../metrics/definition.js';

const policy = 'one per coalesce policy';

export const COALESCE_METRICS = {
  runs: {
    name: 'coalesce_runs_total',
    type: 'counter',
    help: 'Executions that callers of one key could share',
    labels: { policy },
  },
  joined: {
    name: 'coalesce_joined_total',
    type: 'counter',
    help: 'Calls that shared an execution that another call had begun',
    labels: { policy },
  },
  alone: {
    name: 'coalesce_alone_total',
    type: 'counter',
    help: 'Calls that shared nothing, for want of a key or because there were too many keys',
    labels: { policy, reason: ['no-key', 'too-many-keys'] },
  },
  abandoned: {
    name: 'coalesce_abandoned_total',
    type: 'counter',
    help: 'Executions that were aborted because every caller had left',
    labels: { policy },
  },
  running: {
    name: 'coalesce_running',
    type: 'gauge',
    help: 'Executions that a new call could share',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
