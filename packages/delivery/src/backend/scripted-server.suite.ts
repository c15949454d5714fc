import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** To the byte, and then the end. */
interface Raw {
  readonly raw: string;
}

/**
 * `hang`: no answer. `reset`: the socket is reset. `half`: the head of a 400 and half of its body, then the end;
 * `half-stored`: the same of a 200. `endless`: a 500 whose body never ends.
 */
export type Behaviour = Reply | Raw | 'hang' | 'reset' | 'half' | 'half-stored' | 'endless';
type Script = (request: SeenRequest) => Behaviour;

const ENDLESS = 'and so on '.repeat(2_000);

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
};
export const plain = (status: number, body: string, headers: Record<string, string> = {}): Reply => {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
};

/** A server on loopback that answers as it is told. */
export class ScriptedServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  script: Script;
  readonly #server: Server;

  private constructor(script: Script) {
    this.script = script;
    this.#server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const body = (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      const { pathname, searchParams } = new URL(incoming.url!, 'http://x');
      const { headers } = incoming;
      const seen = { method: incoming.method!, path: pathname, query: searchParams, headers, body };
      this.requests.push(seen);
      const behaviour = this.script(seen);
      if (behaviour === 'hang') return;
      if (behaviour === 'reset') incoming.socket.resetAndDestroy();
      else if (behaviour === 'endless') response.writeHead(500, { 'content-type': 'text/plain' }).write(ENDLESS);
      else if (behaviour === 'half' || behaviour === 'half-stored') {
        const status = behaviour === 'half' ? '400 Bad Request' : '200 OK';
        const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n`;
        incoming.socket.end(`${head}{"err`);
      } else if ('raw' in behaviour) incoming.socket.end(behaviour.raw, 'latin1');
      else response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
    });
  }

  static async start(script: Script, port = 0): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script);
    scripted.#server.listen(port, '127.0.0.1');
    await once(scripted.#server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of requests that write. */
  get writes(): SeenRequest[] {
    return this.requests.filter(({ method }) => method === 'POST');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
