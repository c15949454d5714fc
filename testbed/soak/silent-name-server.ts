import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface SilentNameServer extends AsyncDisposable {
  readonly port: number;
  /** Queries that came in and were left without an answer. */
  readonly queries: number;
}

/** A name server that never answers. */
export async function silentNameServer(): Promise<SilentNameServer> {
  const socket = createSocket('udp4');
  let queries = 0;
  socket.on('message', () => queries++);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    get queries() {
      return queries;
    },
    [Symbol.asyncDispose]: async () => void socket.close(),
  };
}
