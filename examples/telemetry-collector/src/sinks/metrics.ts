import type { MetricDefinition } from '@breakwater/resilience';
import { LOST_REASONS, REFUSED_REASONS } from './sink-error.js';

const sink = 'one per sink: file, or delivery (the log)';

export const SINK_METRICS = {
  lines: {
    name: 'telemetry_sink_lines_total',
    type: 'counter',
    help: 'Lines that were handed to a sink, by what became of them and why',
    labels: { sink, outcome: ['written', 'refused', 'lost'], reason: ['none', ...REFUSED_REASONS, ...LOST_REASONS] },
  },
  bytes: {
    name: 'telemetry_sink_written_bytes_total',
    type: 'counter',
    help: 'Bytes of line protocol that a sink has stored, before compression',
    labels: { sink },
  },
  pending: {
    name: 'telemetry_sink_pending_lines',
    type: 'gauge',
    help: 'Lines on their way through a sink',
    labels: { sink },
  },
  duration: {
    name: 'telemetry_sink_commit_duration_seconds',
    type: 'histogram',
    help: 'How long a sink took to store a group of lines on disk, waits for room included',
    labels: { sink },
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
} as const satisfies Record<string, MetricDefinition>;

export const FILE_SINK_METRICS = {
  size: {
    name: 'telemetry_file_sink_bytes',
    type: 'gauge',
    help: 'Bytes in the files of the file sink',
    labels: {},
  },
  files: {
    name: 'telemetry_file_sink_files',
    type: 'gauge',
    help: 'Files of the file sink',
    labels: {},
  },
  expiredFiles: {
    name: 'telemetry_file_sink_expired_files_total',
    type: 'counter',
    help: 'Old files that were deleted to stay within the cap',
    labels: {},
  },
  expiredBytes: {
    name: 'telemetry_file_sink_expired_bytes_total',
    type: 'counter',
    help: 'Bytes in the old files that were deleted to stay within the cap',
    labels: {},
  },
  tornBytes: {
    name: 'telemetry_file_sink_torn_bytes_total',
    type: 'counter',
    help: 'Bytes of lines that a crash had left half-written, moved aside into .torn files',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
