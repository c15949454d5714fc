import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpPool, httpPool } from '@breakwater/resilience/http';
import { VirtualClock } from '@breakwater/resilience/testing';
import { HttpProbe, type HttpProbeOptions } from '../http.js';
import type { Reading } from '../probe.js';

export const NO_LIMIT = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };

/** A page to ask for, with the settings of a targets file that says nothing else. */
export const asking = (url: string, options: Partial<HttpProbeOptions> = {}): HttpProbeOptions => ({
  url,
  method: 'GET',
  headers: {},
  expectStatus: [{ from: 200, to: 299 }],
  expectBody: undefined,
  maxRedirects: 5,
  maxBodyBytes: 1_048_576,
  ...options,
});

/** A look-up takes that long in a rig. */
export const LOOKUP_MS = 7;

/** A server whose answers a test writes, and probes of it, in virtual time. */
export class HttpRig {
  readonly clock = new VirtualClock();
  readonly requests: IncomingMessage[] = [];
  serve: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => {
    response.end('all is well');
  };
  dispatcher: HttpPool;
  readonly #server: Server;

  private constructor() {
    const lookup = async () => {
      await this.clock.advance(LOOKUP_MS);
      return [{ address: '127.0.0.1', family: 4 as const }];
    };
    this.dispatcher = httpPool({ clock: this.clock, nameLookup: { lookup } });
    this.#server = createServer((request, response) => {
      this.requests.push(request);
      this.serve(request, response);
    });
  }

  static async start(): Promise<HttpRig> {
    const rig = new HttpRig();
    rig.#server.listen(0, '127.0.0.1');
    await once(rig.#server, 'listening');
    return rig;
  }

  url(path = '/', host = '127.0.0.1'): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  run(options?: Partial<HttpProbeOptions>, path?: string, host?: string): Promise<readonly Reading[]> {
    return new HttpProbe(asking(this.url(path, host), options), this).operations[0]!.run(NO_LIMIT);
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
