import type { Dispatcher } from 'undici';
import type { Dialect } from './backend.js';
import { authorization, introduced, isVictoriaMetrics } from './dialect.js';
import { isStorage, Runs, startOf } from './epoch.js';
import { type HttpAnswer, readAnswer } from './http-answer.js';

/** More than any server's metrics without those of its users. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** Where a server's pages are, and who asks for them. */
export interface ServerPages {
  readonly pool: Dispatcher;
  readonly origin: string;
  /** Below which its pages lie; empty, or without a slash at its end. */
  readonly path: string;
  readonly token: string;
}

/** Asks a server what it is, and which run of it answers. */
export class Inquiry {
  readonly #pages: ServerPages;
  readonly #runs = new Runs();
  /** VictoriaMetrics shows its metrics at the origin alone, whatever the path of its writes. */
  #metricsPath: string;

  constructor(pages: ServerPages) {
    this.#pages = pages;
    this.#metricsPath = pages.path;
  }

  /** Undefined where the server does not say; fails where it cannot be reached. */
  async dialect(signal: AbortSignal): Promise<Dialect | undefined> {
    const { path } = this.#pages;
    this.#metricsPath = path;
    const ping = await this.#get(`${path}/ping`, undefined, signal);
    const said = introduced(ping);
    if (said?.sure || ping.status >= 500) return said?.dialect;
    for (const place of new Set([path, ''])) {
      const metrics = await this.#get(`${place}/metrics`, undefined, signal);
      if (metrics.status !== 200 || !isVictoriaMetrics(metrics.body)) continue;
      this.#metricsPath = place;
      return 'victoria-metrics';
    }
    return said?.dialect;
  }

  /** Undefined where the server does not say; fails where it cannot be reached. */
  async epoch(dialect: Dialect | undefined, signal: AbortSignal): Promise<number | undefined> {
    if (dialect === 'influxdb-1') {
      const vars = await this.#get(`${this.#pages.path}/debug/vars`, dialect, signal);
      return vars.status === 200 ? startOf(vars.body) : undefined;
    }
    const look = this.#runs.ask();
    const metrics = await this.#get(`${this.#metricsPath}/metrics`, dialect, signal);
    if (metrics.status !== 200) return undefined;
    return isVictoriaMetrics(metrics.body) && !isStorage(metrics.body) ? undefined : look(metrics.body);
  }

  async #get(path: string, dialect: Dialect | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const { pool, origin, token } = this.#pages;
    const headers = authorization(token, dialect);
    return readAnswer(await pool.request({ origin, path, method: 'GET', headers, signal }), MAX_PAGE_BYTES);
  }
}
