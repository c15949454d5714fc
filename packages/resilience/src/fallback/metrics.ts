import type { MetricDefinition } from '../metrics/definition.js';

/** What a fallback stands in for: an operation that failed, or one that an inner policy refused to run. */
export const FALLBACK_CAUSES = ['failure', 'rejection'] as const;
export type FallbackCause = (typeof FALLBACK_CAUSES)[number];

const policy = 'one per fallback policy';

export const FALLBACK_METRICS = {
  used: {
    name: 'fallback_used_total',
    type: 'counter',
    help: 'Calls that were answered by the fallback, or by its own error',
    labels: { policy, cause: FALLBACK_CAUSES },
  },
  failed: {
    name: 'fallback_failed_total',
    type: 'counter',
    help: 'Calls for which the fallback failed too',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
