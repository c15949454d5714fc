import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { NameLookup } from '@breakwater/resilience/http';

/** Machines that test may stand still for seconds. */
const NEVER_MS = 60_000;

/** Waits, without a timer, until `holds` is true; says so when it never becomes so. */
export async function eventually(holds: () => boolean, what = 'the condition'): Promise<void> {
  const startedMs = performance.now();
  while (!holds()) {
    if (performance.now() - startedMs > NEVER_MS) throw new Error(`${what} did not become true within a minute`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A TCP server on a free loopback port that counts its connections. */
export class CountingServer {
  readonly host = '127.0.0.1';
  accepted = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(serve: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.accepted++;
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      // A client that hangs up in the middle is what these tests are about.
      socket.on('error', () => {});
      // Without a reader, the end of a connection would never be seen.
      socket.resume();
      serve(socket);
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, this.host);
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const STUCK = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** A port at which connecting hangs: its listener never accepts, and its backlog is full. */
export async function stuckPort(): Promise<{ port: number; close(): Promise<void> }> {
  const worker = new Worker(STUCK, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const { connect } = await import('node:net');
  const filling: Socket[] = [];
  // Linux takes one more than the backlog says; the rest of these wait as the probe will.
  for (let count = 0; count < 4; count++) filling.push(connect(port, '127.0.0.1').on('error', () => {}));
  await eventually(() => filling.filter((socket) => !socket.connecting).length >= 2, 'a full backlog');
  return {
    port,
    async close() {
      for (const socket of filling) socket.destroy();
      await worker.terminate();
    },
  };
}

/** A port that nothing listens at. */
export async function closedPort(): Promise<number> {
  const server = await new CountingServer(() => {}).listen();
  const { port } = server;
  await server.close();
  return port;
}

/** Look-ups that a test answers: every name is 127.0.0.1 unless `hang` is set. */
export class FakeLookup implements NameLookup {
  hang = false;
  asked = 0;
  pending = 0;

  lookup(_hostname: string, { signal }: { signal?: AbortSignal } = {}): Promise<Array<{ address: string; family: 4 }>> {
    this.asked++;
    if (!this.hang) return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    this.pending++;
    return new Promise((_resolve, reject) => {
      const leave = () => {
        this.pending--;
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
