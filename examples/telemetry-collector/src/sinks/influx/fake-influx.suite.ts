import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly lines: string[];
  readonly bytes: number;
}

/** What the server answers instead of taking the lines. */
export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** `babble`: a 401 whose words never end. */
export type Behaviour = 'take' | 'hang' | 'reset' | 'babble' | Reply;

/**
 * A server on loopback that answers writes as InfluxDB does, as measured with 1.6.7 and read in the source of 2.7. A line
 * with `bad` in it cannot be parsed: 1.x then stores the others, 2.x stores none.
 */
export class FakeInflux {
  readonly version: '1.6' | '2.x';
  readonly stored: string[] = [];
  readonly requests: SeenRequest[] = [];
  behaviour: Behaviour | ((request: SeenRequest) => Behaviour) = 'take';
  maxBytes = Number.POSITIVE_INFINITY;
  readonly #server: Server;

  private constructor(version: FakeInflux['version']) {
    this.version = version;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(version: FakeInflux['version']): Promise<FakeInflux> {
    const fake = new FakeInflux(version);
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when so many requests were seen in all. */
  async saw(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const lines = text.split('\n').filter((line) => line !== '');
    const seen = { url: request.url!, headers: request.headers, lines, bytes: text.length };
    this.requests.push(seen);
    const behaviour = typeof this.behaviour === 'function' ? this.behaviour(seen) : this.behaviour;
    if (behaviour === 'hang') return;
    if (behaviour === 'babble') {
      response.writeHead(401).write('no '.repeat(100_000));
      return;
    }
    if (behaviour === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const { status, headers = {}, body = '' } = behaviour === 'take' ? this.#take(seen) : behaviour;
    response.writeHead(status, headers).end(body);
  }

  #take({ url, lines, bytes }: SeenRequest): Reply {
    const path = url.split('?')[0];
    if (path !== (this.version === '1.6' ? '/write' : '/api/v2/write')) return this.#noPage();
    if (bytes > this.maxBytes) return json(413, { error: 'Request Entity Too Large' });
    const bad = lines.filter((line) => line.includes('bad'));
    if (bad.length > 0 && this.version === '2.x') {
      return json(400, { code: 'invalid', message: `unable to parse '${bad[0]}': invalid number` });
    }
    this.stored.push(...lines.filter((line) => !line.includes('bad')));
    if (bad.length > 0)
      return json(400, { error: `partial write: unable to parse '${bad[0]}': invalid number dropped=0` });
    return { status: 204 };
  }

  #noPage(): Reply {
    if (this.version === '2.x') return json(404, { code: 'not found', message: 'path not found' });
    return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' };
  }
}

export const json = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
