import { isDeepStrictEqual } from 'node:util';
import type { CatalogEntry } from './definitions.js';

/** A metric as the catalog has it. */
interface CatalogMetric extends CatalogEntry {
  /** Whether the telemetry collector has it on its page; what it has not, only a service of somebody else can show. */
  readonly exportedByCollector: boolean;
}

export interface Catalog {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metrics: readonly CatalogMetric[];
}

export const catalogOf = (metrics: readonly CatalogEntry[], notExported: readonly string[]): Catalog => ({
  apiVersion: 'breakwater/v1',
  kind: 'MetricsCatalog',
  metrics: metrics.map(({ name, type, help, package: owner, labels, buckets }) => ({
    name,
    type,
    help,
    package: owner,
    exportedByCollector: !notExported.includes(name),
    labels,
    ...(buckets !== undefined && { buckets }),
  })),
});

/** How a catalog differs from what it should be, a line each: `+` is missing in it, `-` is too much, `~` has changed. */
export function differences(written: Catalog, current: Catalog): string[] {
  const before = new Map(written.metrics.map((metric) => [metric.name, metric]));
  const after = new Map(current.metrics.map((metric) => [metric.name, metric]));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const lines = names.flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === undefined) return [`+ ${name}`];
    if (now === undefined) return [`- ${name}`];
    const fields = [...new Set([...Object.keys(old), ...Object.keys(now)])] as Array<keyof CatalogMetric>;
    const changed = fields.filter((field) => !isDeepStrictEqual(old[field], now[field]));
    return changed.length === 0 ? [] : [`~ ${name} (${changed.join(', ')})`];
  });
  const { metrics: _, ...head } = current;
  const { metrics: __, ...writtenHead } = written;
  if (!isDeepStrictEqual(head, writtenHead)) lines.unshift(`~ ${Object.keys(head).join(' or ')}`);
  return lines;
}
