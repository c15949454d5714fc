import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { EmittedMetric } from './emitted.js';

/** Services that are not ours, and the scrape job of each in the rendered prometheus.yml. */
export const EXPORTER_JOBS = {
  haproxy: 'haproxy',
  'node-exporter': 'node',
  'redis-exporter': 'redis',
  influxdb: 'influxdb',
  cadvisor: 'cadvisor',
  'kube-state-metrics': 'kube-state-metrics',
  prometheus: 'prometheus',
  alertmanager: 'alertmanager',
  grafana: 'grafana',
} as const;

export type ExporterName = keyof typeof EXPORTER_JOBS;

export const EXPORTER_NAMES = Object.keys(EXPORTER_JOBS) as readonly ExporterName[];

const exporterList = z.strictObject({
  exporter: z.string(),
  /** What was asked or read. */
  version: z.string(),
  /** The command that lists them, or the URL of the page or file that does. */
  source: z.string(),
  /** What is known to be otherwise in the image of the stack file. */
  differences: z.string().optional(),
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['counter', 'gauge', 'histogram', 'summary', 'untyped']),
      labels: z.record(z.string(), z.union([z.array(z.string()), z.literal('any')])),
      sometimes: z.array(z.string()).optional(),
    }),
  ),
});

export type ExporterList = z.output<typeof exporterList>;

const lists = new Map<ExporterName, ExporterList>();

/** What an exporter is known to emit: one file in `data/emitted`. */
export function exporterListOf(name: ExporterName): ExporterList {
  let list = lists.get(name);
  if (list === undefined) {
    const text = readFileSync(new URL(`../../data/emitted/${name}.json`, import.meta.url), 'utf8');
    list = exporterList.parse(JSON.parse(text));
    lists.set(name, list);
  }
  return list;
}

export function exporterMetrics(name: ExporterName): EmittedMetric[] {
  const { exporter, version, metrics } = exporterListOf(name);
  return metrics.map(({ sometimes, ...metric }) => ({
    ...metric,
    ...(sometimes === undefined ? {} : { sometimes }),
    source: `${exporter} ${version}`,
  }));
}
