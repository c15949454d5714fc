import type { Emitted, EmittedSeries } from '../../emitted/emitted.js';
import type { ScrapeJob } from '../../emitted/scrape-jobs.js';
import { infer } from '../../promql/infer.js';
import { ANY_LABELS, type LabelFact, LabelSet } from '../../promql/label-set.js';
import { parsePromql } from '../../promql/parse.js';
import type { Kind, Series, SeriesIndex } from '../../promql/series.js';
import { explainMissing } from './missing-metric.js';
import type { Recording } from './rule-files.js';

export interface Sources {
  readonly emitted: Emitted;
  /** Undefined where no prometheus.yml says what is scraped. */
  readonly jobs: readonly ScrapeJob[] | undefined;
  readonly recordings: readonly Recording[];
  readonly alerts: readonly string[];
  /** The labels that scraping adds where no prometheus.yml says which. */
  readonly unknownTarget?: LabelSet;
}

const ANY: LabelFact = { presence: 'always', values: 'any' };
const PERHAPS: LabelFact = { presence: 'sometimes', values: 'any' };

const facts = (labels: readonly string[], fact: LabelFact) => labels.map((label) => [label, fact] as const);

/** What scraping commonly adds: without a prometheus.yml any of these may be there. */
const COMMON = 'namespace pod container node service endpoint cluster region zone env environment team app'.split(' ');
const COMMON_TARGET = new LabelSet(new Map([...facts(['job', 'instance'], ANY), ...facts(COMMON, PERHAPS)]), false);

/** What Prometheus itself makes for each target: https://prometheus.io/docs/concepts/jobs_instances/ */
const OF_TARGETS = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
];

const TIME = /(?:_timestamp(?:_seconds)?|_time_seconds|_created|_last_seen)$/;

/** Every series that Prometheus has: what it scrapes, what it makes itself, and what recording rules make. */
export class SeriesBook implements SeriesIndex {
  readonly names: readonly string[];
  readonly #sources: Sources;
  readonly #known = new Map<string, readonly Series[]>();
  readonly #missing = new Map<string, ReturnType<typeof explainMissing>>();
  readonly #underWay = new Set<string>();

  constructor(sources: Sources) {
    this.#sources = sources;
    const recorded = sources.recordings.map(({ name }) => name);
    this.names = [
      ...new Set([...sources.emitted.seriesNames, ...OF_TARGETS, 'ALERTS', 'ALERTS_FOR_STATE', ...recorded]),
    ];
  }

  of(name: string): readonly Series[] {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const series = [...this.#recorded(name), ...this.#ofTargets(name), ...this.#ofAlerts(name), ...this.#emitted(name)];
    if (!this.#underWay.has(name)) this.#known.set(name, series);
    return series;
  }

  missing(name: string): { readonly message: string; readonly fix: string } {
    const known = this.#missing.get(name) ?? explainMissing(name, this.#sources.emitted, this.names);
    this.#missing.set(name, known);
    return known;
  }

  #recorded(name: string): Series[] {
    return this.#sources.recordings.filter((one) => one.name === name).map((one) => this.#record(one));
  }

  /** A rule that leans on itself brings series of which nothing is known. */
  #record({ name, text, labels, place }: Recording): Series {
    const source = `recorded in ${place}`;
    const parsed = parsePromql(text);
    const unknown: Series = { name, kind: 'unknown', labels: ANY_LABELS, seen: false, source };
    if ('mistake' in parsed || this.#underWay.has(name)) return unknown;
    this.#underWay.add(name);
    const { shape } = infer(parsed.expression, text, this);
    this.#underWay.delete(name);
    const withOwn = Object.entries(labels).reduce(
      (set, [label, value]) => set.with(label, { presence: 'always', values: value.includes('{{') ? 'any' : [value] }),
      shape.labels,
    );
    return { name, kind: shape.kind, labels: withOwn, seen: false, source };
  }

  #ofTargets(name: string): Series[] {
    if (!OF_TARGETS.includes(name)) return [];
    const { jobs } = this.#sources;
    const labels = jobs?.map((job) => job.labels) ?? [this.#unknownTarget];
    return labels.map((set) => ({ name, kind: 'gauge', labels: set, seen: false, source: 'Prometheus' }));
  }

  #ofAlerts(name: string): Series[] {
    if (name !== 'ALERTS' && name !== 'ALERTS_FOR_STATE') return [];
    const labels = ANY_LABELS.with('alertname', { presence: 'always', values: this.#sources.alerts });
    const states: LabelFact = { presence: 'always', values: ['pending', 'firing'] };
    const state = name === 'ALERTS' ? labels.with('alertstate', states) : labels.without(['alertstate']);
    return [
      { name, kind: name === 'ALERTS' ? 'gauge' : 'timestamp', labels: state, seen: false, source: 'Prometheus' },
    ];
  }

  #emitted(name: string): Series[] {
    return this.#sources.emitted.series(name).flatMap((series): Series[] => {
      const { job } = series.metric;
      const { jobs } = this.#sources;
      if (jobs === undefined) return [seriesOf(name, series, this.#unknownTarget)];
      const scraping = job === undefined ? jobs : jobs.filter((one) => one.name === job);
      if (scraping.length === 0) {
        return [{ ...seriesOf(name, series, COMMON_TARGET), ...(job === undefined ? {} : { unscraped: job }) }];
      }
      const keeping = scraping.filter((one) => !one.drops(name));
      if (keeping.length === 0) return [];
      // Whoever scrapes it: one series whose job may be any of those.
      return [keeping.map((one) => seriesOf(name, series, one.labels, one)).reduce(either)];
    });
  }

  get #unknownTarget(): LabelSet {
    return this.#sources.unknownTarget ?? COMMON_TARGET;
  }
}

const either = (a: Series, b: Series): Series => ({ ...a, labels: a.labels.or(b.labels) });

function seriesOf(name: string, { metric, part }: EmittedSeries, target: LabelSet, job?: ScrapeJob): Series {
  let labels = target;
  for (const [label, values] of Object.entries(metric.labels)) {
    if (job?.dropsLabel(label) === true) continue;
    const presence = metric.sometimes?.includes(label) === true ? 'sometimes' : 'always';
    // A label that the target has too is kept under another name.
    const taken = target.named.includes(label) && target.of(label).presence === 'always' && job?.honorLabels !== true;
    const describes = name.endsWith('_info');
    labels = labels.with(taken ? `exported_${label}` : label, { presence, values, describes });
  }
  if (part === 'bucket') labels = labels.with('le', ANY);
  if (part === 'quantile') labels = labels.with('quantile', ANY);
  return { name, kind: kindOf(name, { metric, part }), labels, seen: metric.seen === true, source: metric.source };
}

function kindOf(name: string, { metric, part }: EmittedSeries): Kind {
  if (part === 'bucket') return 'buckets';
  if (part === 'quantile' || metric.labels['quantile'] !== undefined) return 'quantile';
  if (part === 'sum' || part === 'count' || metric.type === 'counter') return 'counter';
  if (metric.type === 'untyped') return 'unknown';
  return TIME.test(name) ? 'timestamp' : 'gauge';
}
