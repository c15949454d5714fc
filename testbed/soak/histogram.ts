/** A histogram as a page in the Prometheus text format shows it: cumulative counts by upper bound. */
export interface PageHistogram {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** Reads the series of `name` whose labels include `label`. */
export function readHistogram(page: string, name: string, label: string): PageHistogram {
  const bounds: number[] = [];
  const counts: number[] = [];
  for (const line of page.split('\n')) {
    if (!line.startsWith(`${name}_bucket{`) || !line.includes(label)) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1];
    if (bound === undefined) continue;
    bounds.push(bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound));
    counts.push(Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  if (bounds.length === 0) throw new Error(`the page has no histogram ${name} with ${label}`);
  return { bounds, counts };
}

/** The quantile in the unit of the bounds, interpolated within its bucket as Prometheus' histogram_quantile does. */
export function quantile({ bounds, counts }: PageHistogram, share: number): number {
  const rank = share * counts.at(-1)!;
  const bucket = counts.findIndex((count) => count >= rank);
  const upper = bounds[bucket]!;
  const lower = bucket === 0 ? 0 : bounds[bucket - 1]!;
  if (upper === Number.POSITIVE_INFINITY) return lower;
  const below = bucket === 0 ? 0 : counts[bucket - 1]!;
  return lower + ((upper - lower) * (rank - below)) / (counts[bucket]! - below);
}
