import { request } from 'undici';
import { authorization, isVictoriaMetrics } from '../backend/dialect.js';
import { ReconcileError } from './errors.js';
import { identifier } from './influxql.js';
import { type ResultSeries, readAnswer } from './query-lines.js';

export interface ServerOptions {
  /** `http://influx-a:8086`, without credentials. */
  readonly url: string;
  /** A token, or `user:password` for 1.x. */
  readonly token?: string | undefined;
  readonly database: string;
  readonly retentionPolicy?: string | undefined;
}

/** How long a server may be silent, in milliseconds. */
const SILENCE_MS = 60_000;
const ROWS_PER_CHUNK = '5000';
const MAX_NAMES = 100_000;
const METRICS_BYTES = 1024 * 1024;

/** One server that speaks InfluxQL. */
export class InfluxServer {
  readonly url: string;
  readonly database: string;
  readonly retentionPolicy: string | undefined;
  readonly token: string;
  readonly #signal: AbortSignal;

  constructor({ url, token, database, retentionPolicy }: ServerOptions, signal: AbortSignal) {
    this.url = url;
    this.token = token ?? '';
    this.database = database;
    this.retentionPolicy = retentionPolicy;
    this.#signal = signal;
  }

  /** Reads as it is consumed, so an answer of any size takes little memory. */
  async *query(text: string): AsyncGenerator<ResultSeries> {
    const form = new URLSearchParams({
      db: this.database,
      q: text,
      epoch: 'ns',
      chunked: 'true',
      chunk_size: ROWS_PER_CHUNK,
    });
    const { statusCode, body } = await this.#ask('POST', '/query', form);
    if (statusCode !== 200) throw await this.#refusal(statusCode, body);
    try {
      yield* readAnswer(body, this.url);
    } catch (error) {
      throw error instanceof ReconcileError ? error : this.#unreachable(error);
    } finally {
      body.destroy();
    }
  }

  /** @throws ReconcileError that says why this server cannot be compared with another. */
  async check(): Promise<void> {
    const { headers, body } = await this.#ask('GET', '/ping');
    await body.dump();
    // Some releases of VictoriaMetrics claim a version; nobody but InfluxDB names its build.
    if (headers['x-influxdb-build'] === undefined)
      await this.#checkForeign(headers['x-influxdb-version'] !== undefined);
    const policies = await this.names(`SHOW RETENTION POLICIES ON ${identifier(this.database)}`, 'name');
    if (policies.length === 0) throw new ReconcileError(`${this.url} has no database ${this.database}`);
    if (this.retentionPolicy !== undefined && !policies.includes(this.retentionPolicy)) {
      throw new ReconcileError(
        `${this.url} has no retention policy ${this.retentionPolicy} in ${this.database}; it has ${policies.join(', ')}`,
      );
    }
  }

  /** The text of one column of a result that is short: names. */
  async names(text: string, column: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { columns, values } of this.query(text)) {
      const index = columns.indexOf(column);
      for (const row of values) {
        if (names.length === MAX_NAMES)
          throw new ReconcileError(`${this.url} has more than ${MAX_NAMES} answers to ${text}`);
        names.push(String(row[index]));
      }
    }
    return names;
  }

  async #ask(method: 'GET' | 'POST', path: string, form?: URLSearchParams) {
    try {
      return await request(`${this.url}${path}`, {
        method,
        headers: { ...authorization(this.token, undefined), 'content-type': 'application/x-www-form-urlencoded' },
        body: form?.toString() ?? null,
        headersTimeout: SILENCE_MS,
        bodyTimeout: SILENCE_MS,
        signal: this.#signal,
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): ReconcileError {
    const { message, code } = error as NodeJS.ErrnoException;
    return new ReconcileError(`${this.url} cannot be reached: ${message || code}`, { cause: error });
  }

  async #refusal(status: number, body: AsyncIterable<Uint8Array>): Promise<ReconcileError> {
    const words = `${this.url} answered ${status} to a query: ${await beginningOf(body)}`;
    return new ReconcileError(status === 401 || status === 403 ? `${words}; check its token` : words);
  }

  async #checkForeign(hasVersion: boolean): Promise<void> {
    const { body } = await this.#ask('GET', '/metrics');
    if (isVictoriaMetrics(await beginningOf(body, METRICS_BYTES))) {
      throw new ReconcileError(
        `${this.url} is VictoriaMetrics, which cannot be compared: its /query answers nothing but _internal, and it keeps neither text nor what is below a millisecond`,
      );
    }
    if (hasVersion) return;
    throw new ReconcileError(
      `${this.url} does not say that it is InfluxDB (no X-Influxdb-Version in its answer to /ping), so it cannot be compared`,
    );
  }
}

async function beginningOf(body: AsyncIterable<Uint8Array>, maxBytes = 300): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString();
    if (text.length >= maxBytes) break;
  }
  return text.slice(0, maxBytes).trim();
}
