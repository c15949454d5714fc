import type { MetricDefinition } from '@breakwater/resilience';

/** Why a commit failed. */
export const COMMIT_FAILURES = ['disk-full', 'disk-failed'] as const;
export type CommitFailure = (typeof COMMIT_FAILURES)[number];

const slot = 'one per folder that this process delivers';

export const LOG_METRICS = {
  bytes: { name: 'delivery_log_bytes', type: 'gauge', help: 'Size of the log on disk', labels: { slot } },
  segments: { name: 'delivery_log_segments', type: 'gauge', help: 'Segments of the log', labels: { slot } },
  commits: {
    name: 'delivery_log_commits_total',
    type: 'counter',
    help: 'Group commits that became durable',
    labels: { slot },
  },
  commitDuration: {
    name: 'delivery_log_commit_duration_seconds',
    type: 'histogram',
    help: 'How long a group commit took to become durable',
    labels: { slot },
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  commitFailures: {
    name: 'delivery_log_commit_failures_total',
    type: 'counter',
    help: 'Group commits that the disk did not take',
    labels: { slot, reason: COMMIT_FAILURES },
  },
} as const satisfies Record<string, MetricDefinition>;
