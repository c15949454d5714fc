import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { EmittedMetric } from './emitted.js';

const catalog = z.object({
  apiVersion: z.literal('breakwater/v1'),
  kind: z.literal('MetricsCatalog'),
  metrics: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
      package: z.string(),
      labels: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    }),
  ),
});

/** What `metrics.catalog.json` lists. Labels that it describes in words can have any value. */
export function readMetricsCatalog(text: string): EmittedMetric[] {
  return catalog.parse(JSON.parse(text)).metrics.map(({ name, type, package: source, labels }) => ({
    name,
    type,
    labels: Object.fromEntries(
      Object.entries(labels).map(([label, values]) => [label, typeof values === 'string' ? 'any' : values]),
    ),
    source,
  }));
}

/** What the packages of this version emit. */
export const ownMetrics = (): EmittedMetric[] =>
  readMetricsCatalog(readFileSync(new URL('../../data/metrics.catalog.json', import.meta.url), 'utf8'));
