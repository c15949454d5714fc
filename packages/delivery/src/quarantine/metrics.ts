import type { MetricDefinition } from '@breakwater/resilience';

const labels = { backend: 'its URL without credentials', slot: 'the folder of the log, slot-N' } as const;

export const QUARANTINE_METRICS = {
  lines: {
    name: 'delivery_quarantine_lines',
    type: 'gauge',
    help: 'Refused lines that the quarantine file keeps until somebody mends them',
    labels,
  },
  bytes: { name: 'delivery_quarantine_bytes', type: 'gauge', help: 'Size of the quarantine file', labels },
  givenUp: {
    name: 'delivery_quarantine_given_up_lines_total',
    type: 'counter',
    help: 'Refused lines, the oldest ones, that had to make room for newer ones, over the life of the file',
    labels,
  },
} as const satisfies Record<string, MetricDefinition>;
