import type { MetricDefinition } from '../../metrics/definition.js';

/** How look-ups ended. */
export const LOOKUP_RESULTS = [
  'file',
  'cached',
  'found',
  'not-found',
  'timeout',
  'failed',
  'cancelled',
  'rejected',
] as const;
export type LookupResult = (typeof LOOKUP_RESULTS)[number];

const labels = { policy: 'one per name look-up' };

export const LOOKUP_METRICS = {
  lookups: {
    name: 'connection_pool_lookups_total',
    type: 'counter',
    help: 'Name look-ups by how they ended; file: the hosts file or localhost answered, rejected: too many were under way',
    labels: { ...labels, result: LOOKUP_RESULTS },
  },
  pending: {
    name: 'connection_pool_lookups_pending',
    type: 'gauge',
    help: 'Names that name servers are being asked for',
    labels,
  },
  duration: {
    name: 'connection_pool_lookup_seconds',
    type: 'histogram',
    help: 'How long name servers took to give an answer, or were waited for in vain',
    labels,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  cached: {
    name: 'connection_pool_lookup_cache_entries',
    type: 'gauge',
    help: 'Answers that are remembered, refusals included',
    labels,
  },
  fileErrors: {
    name: 'connection_pool_lookup_file_errors_total',
    type: 'counter',
    help: 'Times that the hosts file or resolv.conf was there and could not be read',
    labels,
  },
} as const satisfies Record<string, MetricDefinition>;
