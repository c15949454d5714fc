import { readFileSync } from 'node:fs';
import type { Measured, Recorder } from '@breakwater/resilience';
import { telemetryMetrics as METRICS } from '../metrics.js';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The version of the collector, as its package says. */
export const VERSION: string = manifest.version;

/** What the process itself uses, under the names that Prometheus' own client libraries use. */
export const processMetrics: Measured = {
  measure(record: Recorder): void {
    const { user, system } = process.cpuUsage();
    record(METRICS.build, { version: VERSION, node: process.version }, 1);
    record(METRICS.started, {}, performance.timeOrigin / 1_000);
    record(METRICS.cpu, {}, (user + system) / 1e6);
    record(METRICS.memory, {}, process.memoryUsage.rss());
  },
};
