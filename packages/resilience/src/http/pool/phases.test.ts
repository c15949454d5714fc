import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpPool, httpPool } from './http-pool.js';
import { requestSocket } from './phases.js';

describe('requestSocket', () => {
  let server: Server;
  let pool: HttpPool;
  beforeEach(async () => {
    server = createServer((request, response) => response.end(String(request.socket.remotePort)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    pool = httpPool({ maxConnections: 1 });
  });
  afterEach(async () => {
    await pool.destroy();
    server.close();
  });

  /** The sockets that a request sees: when it is handed over, and when its answer begins; and the port that the server sees. */
  const ask = () =>
    new Promise<{ first: Socket | undefined; last: Socket | undefined; port: number }>((resolve, reject) => {
      let context: unknown;
      let body = '';
      let first: Socket | undefined;
      let last: Socket | undefined;
      pool.dispatch(
        { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, path: '/', method: 'GET' },
        {
          onRequestStart: (_controller, given) => {
            context = given;
            first = requestSocket(context);
          },
          onResponseStart: () => {
            last = requestSocket(context);
          },
          onResponseData: (_controller, chunk) => {
            body += chunk;
          },
          onResponseEnd: () => resolve({ first, last, port: Number(body) }),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });

  it('is the socket that carries the request, and nothing while the request waits', async () => {
    const answers = await Promise.all([ask(), ask()]);
    for (const { first, last, port } of answers) {
      expect(first).toBeUndefined();
      expect(last!.localPort).toBe(port);
    }
    // One connection served both.
    expect(answers[0]!.last).toBe(answers[1]!.last);
  });

  it('is nothing for what no pool of ours has sent', () => {
    expect(requestSocket(undefined)).toBeUndefined();
    expect(requestSocket({})).toBeUndefined();
  });
});
