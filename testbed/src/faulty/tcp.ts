import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** What the server does with a request; `none` answers it well. */
export type Fault =
  | 'none'
  | 'hang'
  | 'drip'
  | 'reset'
  | 'close'
  | 'garbage'
  | 'half-response'
  | 'huge-body'
  | 'redirect-loop';

export interface FaultyServerOptions {
  /** Bytes of the huge body. Default 100 MB. */
  hugeBytes?: number;
  /** Time between two bytes of a drip, in milliseconds. Default 50. */
  dripEveryMs?: number;
}

const HUGE_BYTES = 100_000_000;
const DRIP_EVERY_MS = 50;
const CHUNK = Buffer.alloc(65_536, 'x');
const END_OF_HEAD = '\r\n\r\n';
const LONGEST_HEAD = 65_536;

/**
 * An HTTP server on a loopback port that misbehaves in one named way, and counts sockets from its side: what a client
 * says about its own connections, a server can prove.
 */
export class FaultyServer implements AsyncDisposable {
  readonly host = '127.0.0.1';
  /** How the next request is treated; may be changed while it runs. */
  fault: Fault;
  /** Connections since the start. */
  accepted = 0;
  /** Most connections at one time. */
  peak = 0;
  /** Requests whose head arrived in full. */
  requests = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #hugeBytes: number;
  readonly #dripEveryMs: number;

  private constructor(fault: Fault, { hugeBytes = HUGE_BYTES, dripEveryMs = DRIP_EVERY_MS }: FaultyServerOptions) {
    this.fault = fault;
    this.#hugeBytes = hugeBytes;
    this.#dripEveryMs = dripEveryMs;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static start(fault: Fault, options: FaultyServerOptions = {}): Promise<FaultyServer> {
    const faulty = new FaultyServer(fault, options);
    return new Promise((resolve, reject) => {
      faulty.#server.once('error', reject);
      faulty.#server.listen(0, faulty.host, () => resolve(faulty));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('faulty server: it is stopped');
    return address.port;
  }

  get url(): string {
    return `http://${this.host}:${this.port}/`;
  }

  /** Connections open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Stops listening and cuts every connection. */
  async stop(): Promise<void> {
    const closed = [...this.#sockets].map((socket) => once(socket.destroy(), 'close'));
    await Promise.all([new Promise<void>((resolve) => this.#server.close(() => resolve())), ...closed]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #accept(socket: Socket): void {
    this.accepted++;
    this.#sockets.add(socket);
    this.peak = Math.max(this.peak, this.#sockets.size);
    socket.once('close', () => this.#sockets.delete(socket));
    // The client hangs up in the middle of nearly every fault: that is the point, and 'close' follows.
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      for (let end = head.indexOf(END_OF_HEAD); end !== -1; end = head.indexOf(END_OF_HEAD)) {
        head = head.slice(end + END_OF_HEAD.length);
        this.requests++;
        this.#answer(socket);
      }
      if (head.length > LONGEST_HEAD) socket.destroy();
    });
  }

  #answer(socket: Socket): void {
    switch (this.fault) {
      case 'none':
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n');
        return;
      case 'hang':
        return;
      case 'reset':
        socket.resetAndDestroy();
        return;
      case 'close':
        socket.end();
        return;
      case 'garbage':
        socket.end(Buffer.from([0x16, 0x03, 0xff, 0x00, 0x0d, 0x0a, 0x80, 0x81, 0x0d, 0x0a, 0x0d, 0x0a]));
        return;
      case 'half-response':
        socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\nhalf of it');
        return;
      case 'redirect-loop':
        socket.write(`HTTP/1.1 302 Found\r\nlocation: /again/${this.requests}\r\ncontent-length: 0\r\n\r\n`);
        return;
      case 'huge-body':
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${this.#hugeBytes}\r\n\r\n`);
        this.#pour(socket, this.#hugeBytes);
        return;
      case 'drip':
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n');
        this.#drip(socket);
    }
  }

  /** As fast as the client reads, never more than a socket's buffer ahead. */
  #pour(socket: Socket, left: number): void {
    let bytes = left;
    while (bytes > 0 && !socket.destroyed) {
      const chunk = bytes < CHUNK.length ? CHUNK.subarray(0, bytes) : CHUNK;
      bytes -= chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', () => this.#pour(socket, bytes));
        return;
      }
    }
  }

  #drip(socket: Socket): void {
    const timer = setInterval(() => socket.write('1\r\n.\r\n'), this.#dripEveryMs);
    socket.once('close', () => clearInterval(timer));
  }
}

/** Starts an HTTP server on a free loopback port that treats every request with `fault`. */
export function faultyServer(fault: Fault, options?: FaultyServerOptions): Promise<FaultyServer> {
  return FaultyServer.start(fault, options);
}
