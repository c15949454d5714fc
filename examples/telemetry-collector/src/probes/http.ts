import type { HttpTarget } from '../targets/target.js';
import type { ProbeEdges } from './edges.js';
import { fieldsOf } from './http/fields.js';
import { follow } from './http/follow.js';
import { type Probe, ProbeError, type ProbeOperation, type Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';

export type HttpProbeOptions = Pick<
  HttpTarget,
  'url' | 'method' | 'headers' | 'expectStatus' | 'expectBody' | 'maxRedirects' | 'maxBodyBytes'
>;

/** Requests a page: its status, the phases of the time, the size of the body, and whether both are as expected. */
export class HttpProbe implements Probe {
  readonly kind = 'http';
  readonly operations: readonly ProbeOperation[];
  readonly #options: HttpProbeOptions;
  readonly #edges: Pick<ProbeEdges, 'dispatcher' | 'clock'>;
  readonly #url: URL;

  constructor(options: HttpProbeOptions, edges: Pick<ProbeEdges, 'dispatcher' | 'clock'>) {
    this.#options = options;
    this.#edges = edges;
    this.#url = new URL(options.url);
    const measure = (limit: RunLimit) => this.#measure(limit);
    this.operations = [{ name: 'request', run: (context) => runWithin(context, edges.clock, this.#url.host, measure) }];
  }

  async #measure(limit: RunLimit): Promise<Reading[]> {
    const { method, headers, maxRedirects, maxBodyBytes } = this.#options;
    let body: Buffer[] = [];
    const reader = () => {
      body = [];
      return (chunk: Buffer) => void body.push(chunk);
    };
    const exchanges = await follow(
      this.#edges,
      {
        url: this.#url,
        method,
        headers,
        accept: '*/*',
        maxRedirects,
        maxBodyBytes,
        isExpected: this.#isExpected,
        ...(this.#options.expectBody !== undefined && { reader }),
      },
      limit,
    );
    const readings = [{ measurement: 'http', tags: {}, fields: fieldsOf(exchanges, this.#edges.clock.wall()) }];
    this.#check(exchanges.at(-1)!.status, body, readings);
    return readings;
  }

  readonly #isExpected = (status: number): boolean =>
    this.#options.expectStatus.some(({ from, to }) => from <= status && status <= to);

  #check(status: number, body: readonly Buffer[], readings: readonly Reading[]): void {
    const { host } = this.#url;
    const { expectStatus, expectBody } = this.#options;
    if (!this.#isExpected(status)) {
      const expected = expectStatus.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
      const message = `${host}: it answered ${status} instead of ${expected}; see its logs`;
      throw new ProbeError('unexpected-status', message, { readings });
    }
    if (expectBody === undefined || Buffer.concat(body).includes(expectBody)) return;
    const message = `${host}: its body lacks the text that expectBody names; look at what it shows`;
    throw new ProbeError('unexpected-body', message, { readings });
  }
}
