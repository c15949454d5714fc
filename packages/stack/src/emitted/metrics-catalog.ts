import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { EmittedMetric } from './emitted.js';

/** A metric of one of our packages. */
export interface CatalogMetric extends EmittedMetric {
  /** Whether the telemetry collector exports it: it does not use all that the libraries have. */
  readonly exportedByCollector: boolean;
}

const catalog = z.object({
  apiVersion: z.literal('breakwater/v1'),
  kind: z.literal('MetricsCatalog'),
  metrics: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
      package: z.string(),
      exportedByCollector: z.boolean(),
      labels: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    }),
  ),
});

/** What `metrics.catalog.json` lists. Labels that it describes in words can have any value. */
export function readMetricsCatalog(text: string): CatalogMetric[] {
  return catalog
    .parse(JSON.parse(text))
    .metrics.map(({ name, type, package: source, exportedByCollector, labels }) => ({
      name,
      type,
      labels: Object.fromEntries(
        Object.entries(labels).map(([label, values]) => [label, typeof values === 'string' ? 'any' : values]),
      ),
      source,
      exportedByCollector,
    }));
}

/** What the packages of this version can emit. */
export const ownMetrics = (): CatalogMetric[] =>
  readMetricsCatalog(readFileSync(new URL('../../data/metrics.catalog.json', import.meta.url), 'utf8'));
