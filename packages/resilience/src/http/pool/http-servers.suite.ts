import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { settle } from '../../testing/virtual-clock.js';

/** HTTP servers on loopback that count their sockets together, as the other side of a pool sees them. */
export class HttpServers {
  readonly urls: string[] = [];
  readonly sockets = new Set<Socket>();
  /** How many sockets were open at most, and how many there were. */
  most = 0;
  accepted = 0;
  readonly #servers: Server[] = [];
  readonly #perServer: number[] = [];
  mostPerServer = 0;

  async start(count: number, listener: RequestListener): Promise<this> {
    for (let index = 0; index < count; index++) {
      // Long enough never to matter: a server's hint would shorten the pool's own time.
      const server = createServer({ keepAliveTimeout: 0 }, listener);
      server.on('connection', (socket: Socket) => this.#accept(socket, index));
      this.#servers.push(server);
      this.#perServer.push(0);
    }
    for (const server of this.#servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    for (const server of this.#servers) this.urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return this;
  }

  get url(): string {
    return this.urls[0]!;
  }

  #accept(socket: Socket, index: number): void {
    this.sockets.add(socket);
    this.accepted++;
    this.#perServer[index]!++;
    this.most = Math.max(this.most, this.sockets.size);
    this.mostPerServer = Math.max(this.mostPerServer, this.#perServer[index]!);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.#perServer[index]!--;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await until(() => this.sockets.size === 0);
  }
}

export const startServers = (count: number, listener: RequestListener): Promise<HttpServers> =>
  new HttpServers().start(count, listener);

/** Lets the event loop turn until something is so. The runner's own limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settle();
}
