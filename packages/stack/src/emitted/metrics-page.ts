import type { EmittedMetric, MetricType } from './emitted.js';

/** The longest page that is read: a big cluster's kube-state-metrics has some 50 MB. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const MAX_LABELS = 128;
/** Beyond so many, values are names of things and not a list that one can check against. */
const MAX_VALUES = 30;

/** A saved `/metrics` page that cannot be read, and where. */
export class MetricsPageError extends Error {
  override readonly name = 'MetricsPageError';
  readonly code = 'ERR_BREAKWATER_METRICS_PAGE';

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
  }
}

interface Family {
  readonly type: MetricType;
  series: number;
  /** By label: how many series have it, and the values; undefined where they are too many. */
  readonly labels: Map<string, { count: number; values: Set<string> | undefined }>;
}

/**
 * The metrics on a saved `/metrics` page, in Prometheus' text format or OpenMetrics. Series of histograms and summaries
 * are folded; label values are those on the page.
 * @throws MetricsPageError for what is no such page.
 */
export function readMetricsPage(text: string, file: string): EmittedMetric[] {
  if (text.length > MAX_CHARACTERS) {
    throw new MetricsPageError(file, 1, `has ${text.length} characters, and at most ${MAX_CHARACTERS} are read`);
  }
  const page = new Page(file);
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    page.read(text.slice(from, to).replace(/\r$/, '').trim(), ++line);
    from = to + 1;
  }
  return page.metrics();
}

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  stateset: 'gauge',
};

class Page {
  readonly #file: string;
  readonly #types = new Map<string, MetricType>();
  readonly #families = new Map<string, Family>();

  constructor(file: string) {
    this.#file = file;
  }

  read(text: string, line: number): void {
    if (text === '') return;
    if (text.startsWith('#')) {
      const [, name, type] = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(text) ?? [];
      if (name !== undefined) this.#types.set(name, TYPES[type!] ?? 'untyped');
      return;
    }
    const [head, name] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*/.exec(text) ?? [];
    if (head === undefined || name === undefined) throw this.#error(line, 'this is no line of a metrics page');
    const labels = new Map<string, string>();
    let rest = text.slice(head.length);
    if (rest.startsWith('{')) rest = this.#labels(rest, labels, line);
    if (!/^\s*[-+]?(?:\d|\.\d|inf|nan)/i.test(rest)) throw this.#error(line, `${name} has no value`);
    this.#add(name, labels);
  }

  #labels(text: string, into: Map<string, string>, line: number): string {
    const pattern = /[{,\s]*(?:([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"|\})/y;
    for (;;) {
      const at = pattern.lastIndex;
      const match = pattern.exec(text);
      if (match === null) throw this.#error(line, `cannot be read from ${JSON.stringify(text.slice(at, at + 40))} on`);
      if (match[1] === undefined) return text.slice(pattern.lastIndex);
      if (into.size === MAX_LABELS) throw this.#error(line, `has more than ${MAX_LABELS} labels`);
      const value = match[2]!.replace(/\\(.)/g, (_whole, char: string) => (char === 'n' ? '\n' : char));
      // A label without a value is as good as none.
      if (value !== '') into.set(match[1], value);
    }
  }

  #add(series: string, labels: Map<string, string>): void {
    const [name, type] = this.#familyOf(series);
    if (type === 'histogram') labels.delete('le');
    if (type === 'summary') labels.delete('quantile');
    const family = this.#families.get(name) ?? { type, series: 0, labels: new Map() };
    this.#families.set(name, family);
    family.series++;
    for (const [label, value] of labels) {
      const fact = family.labels.get(label) ?? { count: 0, values: new Set() };
      family.labels.set(label, fact);
      fact.count++;
      if (fact.values?.add(value).size === MAX_VALUES + 1) fact.values = undefined;
    }
  }

  #familyOf(series: string): readonly [string, MetricType] {
    const own = this.#types.get(series);
    if (own !== undefined) return [series, own];
    const [, base = '', suffix] = /^(.+)_(bucket|sum|count|total|info|created|gcount|gsum)$/.exec(series) ?? [];
    const type = this.#types.get(base);
    if (suffix === 'created') return [series, 'gauge'];
    if (suffix === 'total' && type === 'counter') return [series, 'counter'];
    if (suffix === 'info' && type === 'gauge') return [series, 'gauge'];
    const isPart = suffix === 'bucket' ? type === 'histogram' : suffix === 'sum' || suffix === 'count';
    return isPart && (type === 'histogram' || type === 'summary') ? [base, type] : [series, 'untyped'];
  }

  metrics(): EmittedMetric[] {
    return [...this.#families].map(([name, { type, series, labels }]) => ({
      name,
      type,
      labels: Object.fromEntries(
        [...labels].map(([label, { values }]) => [label, values === undefined ? 'any' : [...values].sort()]),
      ),
      sometimes: [...labels].filter(([, { count }]) => count < series).map(([label]) => label),
      seen: true,
      source: this.#file,
    }));
  }

  #error(line: number, message: string): MetricsPageError {
    return new MetricsPageError(this.#file, line, message);
  }
}
