import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/**
 * The other side of the soak, a process of its own: HTTP servers on loopback, each an origin, that count the sockets they
 * see. Told `{ hang: [index, …] }` an origin goes on accepting and never answers again. Told `'report'` it answers with
 * a SocketReport.
 */
export interface SocketReport {
  /** Sockets open now, over all origins. */
  readonly open: number;
  /** The most that were ever open together, over all origins. */
  readonly most: number;
  /** The most that one origin ever had. */
  readonly mostOfOneOrigin: number;
  readonly answered: number;
}

const count = Number(process.argv[2]);
const hanging = new Set<number>();
const openPerOrigin = new Array<number>(count).fill(0);
let open = 0;
let most = 0;
let mostOfOneOrigin = 0;
let answered = 0;

function origin(index: number): Server {
  const server = createServer((_request: IncomingMessage, response: ServerResponse) => {
    if (hanging.has(index)) return;
    answered++;
    response.end('ok\n');
  });
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 120_000;
  server.on('connection', (socket: Socket) => {
    most = Math.max(most, ++open);
    mostOfOneOrigin = Math.max(mostOfOneOrigin, ++openPerOrigin[index]!);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      open--;
      openPerOrigin[index]!--;
    });
  });
  return server;
}

const servers = Array.from({ length: count }, (_, index) => origin(index));
await Promise.all(
  servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1_024, resolve))),
);
process.send?.(servers.map((server) => (server.address() as AddressInfo).port));

process.on('message', (message: 'report' | { hang: number[] }) => {
  if (message === 'report') {
    process.send?.({ open, most, mostOfOneOrigin, answered } satisfies SocketReport);
    return;
  }
  for (const index of message.hang) hanging.add(index);
});
process.on('disconnect', () => process.exit(0));
