import type { MetricDefinition } from '@breakwater/resilience';

export const TARGETS_FILE_METRICS = {
  reads: {
    name: 'telemetry_targets_file_reads_total',
    type: 'counter',
    help: 'Times the targets file was read: unchanged, changed (and taken over), or broken (and not taken over)',
    labels: { outcome: ['unchanged', 'changed', 'broken'] },
  },
  broken: {
    name: 'telemetry_targets_file_broken',
    type: 'gauge',
    help: '1 while the targets file cannot be used and the last good one is still in force',
    labels: {},
  },
  mistakes: {
    name: 'telemetry_targets_file_mistakes',
    type: 'gauge',
    help: 'Mistakes in the targets file as it is now',
    labels: {},
  },
  hash: {
    name: 'telemetry_targets_file_hash',
    type: 'gauge',
    help: 'The first 48 bits of the SHA-256 of the targets file in force: the same where the files are the same',
    labels: {},
  },
  loaded: {
    name: 'telemetry_targets_file_loaded_timestamp_seconds',
    type: 'gauge',
    help: 'When the targets in force were read, in seconds since the epoch',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
