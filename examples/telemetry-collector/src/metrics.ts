import type { MetricDefinition } from '@breakwater/resilience';
import { LOSS_REASONS } from './flow/loss.js';
import { TURN_OUTCOMES } from './flow/turn.js';
import { PROBE_ERROR_CODES, PROBE_KINDS } from './probes/probe.js';

/** How many targets a metric names at most. */
export const NAMED_TARGETS = 20;

/** What the state of a target can be, as metrics and the table show it. */
export const TARGET_STATES = ['waiting', 'up', 'failing', 'open'] as const;
export type TargetCondition = (typeof TARGET_STATES)[number];

/** What the collector says of itself, beside what its policies, its sink and its targets file say. */
export const telemetryMetrics = {
  duration: {
    name: 'telemetry_collection_duration_seconds',
    type: 'histogram',
    help: 'How long probes ran, from the slot to the last answer or the timeout',
    labels: { probe: PROBE_KINDS },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  delay: {
    name: 'telemetry_turn_delay_seconds',
    type: 'histogram',
    help: 'From the instant a turn was scheduled for to the start of its probe',
    labels: {},
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  probes: {
    name: 'telemetry_probes_total',
    type: 'counter',
    help: 'Turns by how they ended; each turn that fell due is counted once, whether it ran or not',
    labels: { probe: PROBE_KINDS, outcome: TURN_OUTCOMES },
  },
  turnsLeft: {
    name: 'telemetry_turns_left_total',
    type: 'counter',
    help: 'Turns that fell due here and were left to the next owner of the target: the lease was over, or it was let go',
    labels: {},
  },
  errors: {
    name: 'telemetry_probe_errors_total',
    type: 'counter',
    help: 'Runs that were not up, by the first error',
    labels: { probe: PROBE_KINDS, code: [...PROBE_ERROR_CODES, 'slow-share-full'] },
  },
  targets: {
    name: 'telemetry_targets',
    type: 'gauge',
    help: 'Targets by state: waiting for their first turn, up, failing, or not asked because their circuit is open',
    labels: { probe: PROBE_KINDS, state: TARGET_STATES },
  },
  slowest: {
    name: 'telemetry_slowest_targets_seconds',
    type: 'gauge',
    help: 'The 95th percentile of the latest 32 runs of the slowest targets',
    labels: { target: `the ${NAMED_TARGETS} slowest at most`, probe: PROBE_KINDS },
  },
  slowRuns: {
    name: 'telemetry_slow_runs_total',
    type: 'counter',
    help: 'Runs that took more than a second and went on in the slow share',
    labels: {},
  },
  samples: {
    name: 'telemetry_samples_total',
    type: 'counter',
    help: 'Samples (the lines of one turn) by what became of them',
    labels: { outcome: ['written', 'lost'] },
  },
  written: {
    name: 'telemetry_lines_written_total',
    type: 'counter',
    help: 'Lines that the sink has taken',
    labels: { probe: PROBE_KINDS },
  },
  lost: {
    name: 'telemetry_lines_lost_total',
    type: 'counter',
    help: 'Lines that reached no sink, by why',
    labels: { reason: LOSS_REASONS },
  },
  pending: {
    name: 'telemetry_lines_pending',
    type: 'gauge',
    help: 'Lines that wait for the sink',
    labels: {},
  },
  loopLag: {
    name: 'telemetry_event_loop_lag_seconds',
    type: 'gauge',
    help: 'How late the event loop ran its timers, over the last ten seconds or since the scrape before',
    labels: { quantile: ['0.5', '0.99'] },
  },
  stalled: {
    name: 'telemetry_event_loop_stalled_seconds_total',
    type: 'counter',
    help: 'Time for which the event loop stood still, in stalls of more than 100 ms',
    labels: {},
  },
  build: {
    name: 'telemetry_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    labels: { version: 'the version of the collector', node: 'the version of Node' },
  },
  started: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process started, in seconds since the epoch',
    labels: {},
  },
  cpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'User and system time of the process',
    labels: {},
  },
  memory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
