import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../process/ports.js';
import { until } from '../process/wait.js';

const PORT_AGAIN_WITHIN_MS = 5_000;

/** A client's connection and ours to the server, each of which passes on what it reads to the other. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * Passes bytes on between a loopback port of its own and a server, until it is told to do as broken networks do: cut the
 * clients off, or fall silent without a word. Who has the proxy's port instead of the server's can be cut off alone.
 */
export class TcpProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Connections since the start. */
  accepted = 0;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #frozen = false;

  private constructor(target: number, port: number) {
    this.#target = target;
    this.port = port;
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, await freePort());
    await proxy.#listen();
    return proxy;
  }

  /** Connections from clients that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resets every connection, on both sides, and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = [...this.#pairs].flatMap(({ client, server }) => [reset(client), reset(server)]);
    if (server !== undefined) closed.push(new Promise((resolve) => server.close(resolve)));
    await Promise.all(closed);
  }

  /**
   * Takes connections and bytes still, but passes nothing on, not even the end of a connection: whoever waits for an
   * answer waits for ever. What lies here meanwhile goes its way after `resume`.
   */
  freeze(): void {
    this.#frozen = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Ends `cut` and `freeze`. */
  async resume(): Promise<void> {
    this.#frozen = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
    if (this.#server === undefined) await this.#listen();
  }

  stop(): Promise<void> {
    return this.cut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(): Promise<void> {
    // Another process may have tried whether the port is free.
    await until(async () => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => this.#accept(client));
      server.listen(this.port, this.host);
      await once(server, 'listening');
      this.#server = server;
    }, PORT_AGAIN_WITHIN_MS);
  }

  #accept(client: Socket): void {
    this.accepted++;
    const server = connect({ port: this.#target, host: this.host, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => {
          if (!this.#frozen) from.resume();
        });
      });
      from.on('end', () => to.end());
      // A reset, which 'close' follows: it is passed on as one.
      from.on('error', () => sendReset(to));
      from.on('close', () => {
        if (!resetting.has(to)) to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#frozen) server.pause();
    else client.resume();
  }
}

/** What destroys itself once its reset is sent: who destroys it before that has a socket that never closes. */
const resetting = new WeakSet<Socket>();

function sendReset(socket: Socket): void {
  if (socket.destroyed || resetting.has(socket)) return;
  // A reset waits for what is still to be written, for ever where the other side reads no more.
  if (socket.writableLength > 0) {
    socket.destroy();
    return;
  }
  resetting.add(socket);
  socket.resetAndDestroy();
}

const reset = (socket: Socket): Promise<unknown> => {
  if (socket.destroyed) return Promise.resolve();
  // One whose connection broke by itself meanwhile says so, and no more that it closed.
  const closed = new Promise((resolve) => socket.once('close', resolve).once('error', resolve));
  sendReset(socket);
  return closed;
};

/** Starts a proxy on a free loopback port in front of whatever listens on the loopback port `target`. */
export function tcpProxy(target: number): Promise<TcpProxy> {
  return TcpProxy.start(target);
}
