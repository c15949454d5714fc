import type { MetricDefinition } from '@breakwater/resilience';
import { UNWRITABLE } from './line.js';

export const POINT_METRICS = {
  unwritable: {
    name: 'telemetry_fields_unwritable_total',
    type: 'counter',
    help: 'Measured fields that line protocol has no form for, such as NaN, and that were left out',
    labels: { reason: UNWRITABLE },
  },
} as const satisfies Record<string, MetricDefinition>;
