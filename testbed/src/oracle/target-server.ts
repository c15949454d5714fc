import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request says it comes from. */
export const POLLER_HEADER = 'x-poller';

/** One request for a target, at the wall time of its arrival. */
export interface Poll {
  readonly target: string;
  /** Who asked: what its header says. */
  readonly by: string;
  readonly atMs: number;
}

/** Answers the polls of all targets at once, and keeps each: what collectors say they do, this server can prove. */
export class TargetServer implements AsyncDisposable {
  /** In the order of arrival. */
  readonly polls: Poll[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static start(): Promise<TargetServer> {
    const targets = new TargetServer();
    return new Promise((resolve, reject) => {
      targets.#server.once('error', reject);
      targets.#server.listen(0, '127.0.0.1', () => resolve(targets));
    });
  }

  urlOf(target: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${target}`;
  }

  /** The polls that arrived at that time or later. */
  since(fromMs: number): Poll[] {
    return this.polls.slice(this.polls.findLastIndex(({ atMs }) => atMs < fromMs) + 1);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.polls.push({
      target: request.url!.slice(1),
      by: String(request.headers[POLLER_HEADER]),
      atMs: Date.now(),
    });
    response.end('ok\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
