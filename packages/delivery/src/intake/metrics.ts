import type { MetricDefinition } from '@breakwater/resilience';
import { REFUSED_REASONS } from './intake.js';

export const INTAKE_METRICS = {
  offered: {
    name: 'delivery_offered_points_total',
    type: 'counter',
    help: 'Points that were offered since the process started: accepted, refused or entering',
    labels: {},
  },
  accepted: {
    name: 'delivery_intake_accepted_points_total',
    type: 'counter',
    help: 'Points that were accepted since the process started: they were on disk before anybody was told so',
    labels: {},
  },
  refused: {
    name: 'delivery_refused_points_total',
    type: 'counter',
    help: 'Points that were refused since the process started, by reason; whoever offered them was told',
    labels: { reason: REFUSED_REASONS },
  },
  entering: {
    name: 'delivery_entering_points',
    type: 'gauge',
    help: 'Points that are on their way to the disk',
    labels: {},
  },
  open: {
    name: 'delivery_intake_open',
    type: 'gauge',
    help: 'Whether points are accepted',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
