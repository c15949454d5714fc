import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as open,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { freePort } from '../process/ports.js';
import { until } from '../process/wait.js';
import { type MutableWrite, type ProxiedWrite, WriteRecord } from './proxy-writes.js';

/** What happens to a request on its way. */
export type ProxyFault =
  | 'none'
  /** The socket is reset, and the backend sees nothing. */
  | 'reset-before'
  /** The backend answers, and the socket is reset instead of passing that on. */
  | 'reset-after'
  /** The connection ends in the middle of the backend's answer. */
  | 'half-answer'
  /** The port refuses connections, and those that were open are reset. */
  | 'down'
  /** This answer, without asking the backend. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The request is passed on so much later, and the answer so much later again. */
  | { readonly delayMs?: number; readonly delayAnswerMs?: number }
  /** 413 for bodies that are longer than this, decompressed. */
  | { readonly maxBytes: number };

export interface FaultScope {
  /** Which requests it befalls. Default `all`; `down` always befalls all. */
  readonly only?: 'all' | 'writes';
  /** How many requests it befalls; then the fault is `none` again. Default Infinity. */
  readonly times?: number;
}

export interface FaultProxyOptions {
  /** Keeps the bodies and answers of write requests, up to so many bytes of bodies. Default 0: none. */
  recordBytes?: number;
}

const LONGEST_BODY = 128 * 1024 * 1024;
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'proxy-connection', 'te', 'upgrade', 'expect'];
const PORT_AGAIN_WITHIN_MS = 5_000;
const decompress = promisify(gunzip);

interface BackendAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * An HTTP proxy on a loopback port in front of a real server, which does to requests what networks and servers do on bad
 * days; the fault can be changed while it runs. Where the backend cannot be reached, the client's connection is reset.
 */
export class FaultProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Requests that arrived in full. */
  requests = 0;
  /** Those of them that write points. */
  writes = 0;
  /** Requests that were passed on to the backend. */
  forwarded = 0;
  /** Connections since the start. */
  accepted = 0;
  readonly #target: URL;
  readonly #record: WriteRecord | undefined;
  /** Connections that are open, and the write that was answered last on each: its client may not have read that yet. */
  readonly #sockets = new Map<Socket, MutableWrite | undefined>();
  // No time limit: an idle connection that dies by itself would be a fault that nobody asked for.
  readonly #agent = new Agent({ keepAlive: true });
  #server: Server | undefined;
  #fault: ProxyFault = 'none';
  #only: 'all' | 'writes' = 'all';
  #timesLeft = Number.POSITIVE_INFINITY;

  private constructor(target: URL, port: number, { recordBytes = 0 }: FaultProxyOptions) {
    this.#target = target;
    this.port = port;
    this.#record = recordBytes > 0 ? new WriteRecord(recordBytes) : undefined;
  }

  static async start(target: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target), await freePort(), options);
    await proxy.#listen();
    return proxy;
  }

  get url(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** Connections from clients that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  get fault(): ProxyFault {
    return this.#fault;
  }

  /** The write requests so far, in the order of their arrival. Those without an answer yet may still get one. */
  get recorded(): readonly ProxiedWrite[] {
    return this.#record?.kept ?? [];
  }

  /** Write requests that were not recorded for want of room. */
  get unrecorded(): number {
    return this.#record?.dropped ?? this.writes;
  }

  /** Resolves when the fault is in force for every request that comes from now on. */
  async set(fault: ProxyFault, { only = 'all', times = Number.POSITIVE_INFINITY }: FaultScope = {}): Promise<void> {
    this.#fault = fault;
    this.#only = only;
    this.#timesLeft = times;
    if (fault === 'down') await this.#close();
    else if (this.#server === undefined) await this.#listen();
  }

  /** Stops listening and cuts every connection. */
  async stop(): Promise<void> {
    await this.#close();
    this.#agent.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(): Promise<void> {
    // Another process may have tried whether the port is free.
    await until(async () => {
      const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
        this.#serve(request, response).catch(() => request.socket.resetAndDestroy());
      });
      server.on('connection', (socket) => this.#accept(socket));
      server.listen(this.port, this.host);
      await once(server, 'listening');
      this.#server = server;
    }, PORT_AGAIN_WITHIN_MS);
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = [...this.#sockets].map(([socket, write]) => {
      if (write !== undefined) this.#record!.unanswered(write);
      return once(socket.resetAndDestroy(), 'close');
    });
    await Promise.all([new Promise<void>((resolve) => server.close(() => resolve())), ...closed]);
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.#sockets.set(socket, undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What follows is in the order in which requests arrived, however long their bodies take.
    const arrived = this.#record?.tick() ?? 0;
    // Who asks again has read the answer before.
    this.#sockets.set(request.socket, undefined);
    const body = await bodyOf(request);
    const isWrite = request.method === 'POST' && /\/write$/.test(request.url!.split('?')[0]!);
    this.requests++;
    if (isWrite) this.writes++;
    const write = isWrite ? await this.#recordOf(arrived, request, body) : undefined;
    const fault = this.#faultFor(isWrite);
    if (fault === 'reset-before' || fault === 'down') {
      request.socket.resetAndDestroy();
      return;
    }
    const made = await answerOf(fault, request, body);
    if (made !== undefined) {
      this.#answer(response, made, write);
      return;
    }
    const { delayMs, delayAnswerMs } = delaysOf(fault);
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    this.forwarded++;
    const answer = await this.#forward(request, body);
    if (write !== undefined) write.backendStatus = answer.status;
    if (delayAnswerMs > 0) await sleep(delayAnswerMs, undefined, { ref: false });
    if (fault === 'reset-after') request.socket.resetAndDestroy();
    else if (fault === 'half-answer') request.socket.end(`HTTP/1.1 ${answer.status} `);
    else this.#answer(response, answer, write);
  }

  async #recordOf(arrived: number, request: IncomingMessage, body: Buffer): Promise<MutableWrite | undefined> {
    return this.#record?.begin(arrived, request.url!, await decoded(request, body));
  }

  #faultFor(isWrite: boolean): ProxyFault {
    const fault = this.#fault;
    if (fault === 'none' || (this.#only === 'writes' && !isWrite)) return fault === 'down' ? fault : 'none';
    if (--this.#timesLeft <= 0) this.#fault = 'none';
    return fault;
  }

  #answer(response: ServerResponse, { status, headers, body }: BackendAnswer, write: MutableWrite | undefined): void {
    const { socket } = response;
    response.writeHead(status, passedOn(headers));
    response.once('finish', () => {
      if (write === undefined || socket === null || socket.destroyed) return;
      this.#record!.answered(write, status);
      this.#sockets.set(socket, write);
    });
    response.end(body);
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<BackendAnswer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#target;
      const headers = { ...passedOn(request.headers), 'content-length': String(body.length) };
      const outgoing = open(
        { hostname, port, agent: this.#agent, method: request.method, path: request.url, headers },
        (incoming) => {
          bodyOf(incoming).then((answer) => {
            resolve({ status: incoming.statusCode!, headers: incoming.headers, body: answer });
          }, reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

/** Of a fault that answers by itself. */
async function answerOf(fault: ProxyFault, request: IncomingMessage, body: Buffer): Promise<BackendAnswer | undefined> {
  if (typeof fault !== 'object') return undefined;
  if ('status' in fault) {
    return { status: fault.status, headers: { ...fault.headers }, body: Buffer.from(fault.body ?? '') };
  }
  if (!('maxBytes' in fault) || (await decoded(request, body)).length <= fault.maxBytes) return undefined;
  const words = Buffer.from(JSON.stringify({ error: 'Request Entity Too Large' }));
  return { status: 413, headers: { 'content-type': 'application/json' }, body: words };
}

function delaysOf(fault: ProxyFault): { delayMs: number; delayAnswerMs: number } {
  const isDelay = typeof fault === 'object' && !('status' in fault) && !('maxBytes' in fault);
  const { delayMs = 0, delayAnswerMs = 0 } = isDelay ? fault : {};
  return { delayMs, delayAnswerMs };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LONGEST_BODY) throw new Error(`fault proxy: a body of more than ${LONGEST_BODY} bytes`);
  }
  return Buffer.concat(chunks, bytes);
}

const decoded = async ({ headers }: IncomingMessage, body: Buffer): Promise<Buffer> =>
  headers['content-encoding'] === 'gzip' ? decompress(body, { maxOutputLength: LONGEST_BODY }) : body;

/** Headers without those of one connection. */
const passedOn = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));

/** Starts a proxy on a free loopback port in front of the HTTP server at `target` (scheme, host and port). */
export function faultProxy(target: string, options?: FaultProxyOptions): Promise<FaultProxy> {
  return FaultProxy.start(target, options);
}
