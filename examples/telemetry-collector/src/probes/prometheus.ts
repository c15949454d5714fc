import type { PrometheusTarget } from '../targets/target.js';
import type { ProbeEdges } from './edges.js';
import { type Exposition, ExpositionReader } from './exposition/exposition.js';
import { ExpositionError } from './exposition/line-reader.js';
import { SeriesFilter } from './exposition/series-filter.js';
import type { Exchange } from './http/exchange.js';
import { follow } from './http/follow.js';
import { type Probe, ProbeError, type ProbeOperation, type Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';

export type PrometheusProbeOptions = Pick<PrometheusTarget, 'url' | 'headers' | 'keep' | 'maxSeries' | 'maxBodyBytes'>;

const ACCEPT = 'text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1';
const MAX_REDIRECTS = 5;

/** Scrapes a page of Prometheus metrics, and keeps the series that are wanted, each as a point with the field `value`. */
export class PrometheusProbe implements Probe {
  readonly kind = 'prometheus';
  readonly operations: readonly ProbeOperation[];
  readonly #options: PrometheusProbeOptions;
  readonly #edges: Pick<ProbeEdges, 'dispatcher' | 'clock'>;
  readonly #url: URL;

  constructor(options: PrometheusProbeOptions, edges: Pick<ProbeEdges, 'dispatcher' | 'clock'>) {
    this.#options = options;
    this.#edges = edges;
    this.#url = new URL(options.url);
    const { host } = this.#url;
    const measure = (limit: RunLimit) => this.#measure(limit);
    this.operations = [{ name: 'scrape', run: (context) => runWithin(context, edges.clock, host, measure) }];
  }

  async #measure(limit: RunLimit): Promise<Reading[]> {
    const { headers, keep, maxSeries, maxBodyBytes } = this.#options;
    const page = new ExpositionReader({ filter: new SeriesFilter(keep), maxSeries });
    const decoder = new TextDecoder();
    const push = (text: string) => this.#parse(() => page.push(text));
    const exchanges = await follow(
      this.#edges,
      {
        url: this.#url,
        method: 'GET',
        headers,
        accept: ACCEPT,
        maxRedirects: MAX_REDIRECTS,
        maxBodyBytes,
        isExpected: isSuccess,
        reader: (status) => (isSuccess(status) ? (chunk) => push(decoder.decode(chunk, { stream: true })) : undefined),
      },
      limit,
    );
    const last = exchanges.at(-1)!;
    if (!isSuccess(last.status)) throw this.#refused(last.status);
    push(decoder.decode());
    const exposition = this.#parse(() => page.end());
    if (isOpenMetrics(last) && !exposition.complete) throw this.#cut();
    return toReadings(exposition, exchanges);
  }

  /** What is wrong with a page, in a probe's terms. */
  #parse<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      const advice = error.kind === 'malformed' ? 'check that the path is that of the metrics' : 'or raise maxSeries';
      throw new ProbeError(error.kind, `${this.#url.host}: ${error.message}; ${advice}`, { cause: error });
    }
  }

  #refused(status: number): ProbeError {
    const message = `${this.#url.host}: it answered ${status} instead of a page of metrics; check path and credentials`;
    return new ProbeError('unexpected-status', message);
  }

  #cut(): ProbeError {
    return new ProbeError('truncated', `${this.#url.host}: its page lacks the # EOF at the end; see its logs`);
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** OpenMetrics says where a page ends, so that half of one can be told from the whole. */
const isOpenMetrics = ({ headers }: Exchange): boolean =>
  String(headers['content-type']).toLowerCase().startsWith('application/openmetrics-text');

function toReadings({ kept, seen, notFinite }: Exposition, exchanges: readonly Exchange[]): Reading[] {
  const last = exchanges.at(-1)!;
  const scrape = {
    duration_ms: exchanges.reduce((total, { times }) => total + times.totalMs, 0),
    body_bytes: last.bodyBytes,
    series: seen,
    series_kept: kept.length,
    series_not_finite: notFinite,
  };
  return [
    { measurement: 'prometheus_scrape', tags: {}, fields: scrape },
    ...kept.map(({ name, labels, value }) => ({ measurement: name, tags: labels, fields: { value } })),
  ];
}
