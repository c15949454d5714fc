import { matchesGlob } from './glob.js';
import { ExpositionError, LineReader, type SeriesLabels } from './line-reader.js';

interface SeriesPattern {
  readonly name: string;
  readonly labels: SeriesLabels;
}

/** Tells by its labels whether a series is kept. */
export type LabelTest = (labels: SeriesLabels) => boolean;

/**
 * Which series to keep, by patterns such as `node_load1`, `node_network_*_bytes_total` or
 * `node_network_*_bytes_total{device="eth?"}`. A series is kept when any of them matches.
 */
export class SeriesFilter {
  readonly #patterns: readonly SeriesPattern[];

  /** Throws an ExpositionError for a pattern that cannot be read. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(parsePattern);
  }

  /** The test for the labels of series with this name; undefined when no pattern has such a name. */
  forName(name: string): LabelTest | undefined {
    const patterns = this.#patterns.filter((pattern) => matchesGlob(pattern.name, name));
    if (patterns.length === 0) return undefined;
    return (labels) => patterns.some((pattern) => matchesLabels(pattern.labels, labels));
  }
}

function matchesLabels(patterns: SeriesLabels, labels: SeriesLabels): boolean {
  for (const name in patterns) if (!matchesGlob(patterns[name]!, labels[name] ?? '')) return false;
  return true;
}

/** Reads a pattern: a metric name with `*` and `?`, then labels if any. Throws an ExpositionError that names the column. */
export function parsePattern(pattern: string): SeriesPattern {
  const name = /^[\w:*?]*/.exec(pattern)![0];
  if (name === '') throw new ExpositionError('malformed', 'expected a metric name', 1, 1);
  const reader = new LineReader().open(pattern, 0, pattern.length, 1, name.length);
  const labels = reader.labels(true);
  if (!reader.done) reader.fail('expected the end of the pattern');
  return { name, labels };
}
