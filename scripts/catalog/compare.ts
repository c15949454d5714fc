import { isDeepStrictEqual } from 'node:util';
import type { CatalogEntry } from './definitions.js';

export interface Catalog {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metrics: readonly CatalogEntry[];
}

export const catalogOf = (metrics: readonly CatalogEntry[]): Catalog => ({
  apiVersion: 'breakwater/v1',
  kind: 'MetricsCatalog',
  metrics: metrics.map(({ name, type, help, package: owner, labels, buckets }) => ({
    name,
    type,
    help,
    package: owner,
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
    const fields = [...new Set([...Object.keys(old), ...Object.keys(now)])] as Array<keyof CatalogEntry>;
    const changed = fields.filter((field) => !isDeepStrictEqual(old[field], now[field]));
    return changed.length === 0 ? [] : [`~ ${name} (${changed.join(', ')})`];
  });
  const { metrics: _, ...head } = current;
  const { metrics: __, ...writtenHead } = written;
  if (!isDeepStrictEqual(head, writtenHead)) lines.unshift(`~ ${Object.keys(head).join(' or ')}`);
  return lines;
}
