import type { LabelSet } from './label-set.js';

/**
 * What samples are. `buckets` and `bucket-rates`: of a histogram, still with `le`; `timestamp`: the time of something in
 * seconds; `quantile`: worked out from observations that are no longer there.
 */
export type Kind = 'counter' | 'gauge' | 'timestamp' | 'buckets' | 'bucket-rates' | 'rate' | 'quantile' | 'unknown';

/** All series of one name from one source. */
export interface Series {
  readonly name: string;
  readonly kind: Kind;
  readonly labels: LabelSet;
  /** Whether the labels' values are those that were seen once: others may come. */
  readonly seen: boolean;
  /** The scrape job that would bring them, where Prometheus has none of that name. */
  readonly unscraped?: string;
  /** Who has them, for messages. */
  readonly source: string;
}

/** Every series that there is. */
export interface SeriesIndex {
  readonly names: readonly string[];
  /** One for each source of that name. */
  of(name: string): readonly Series[];
  /** Why there is none of that name, and what was meant. */
  missing(name: string): { readonly message: string; readonly fix: string };
}
