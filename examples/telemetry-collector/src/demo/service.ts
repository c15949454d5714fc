import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** Something that the demo starts on loopback to be polled. */
export interface Service {
  /** The port it has, on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

export function startHttp(answer: RequestListener): Promise<Service> {
  return listen(createHttpServer(answer));
}

export function startTcp(greet: (socket: Socket) => void): Promise<Service> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => socket.destroy()); // a poller that leaves first is no matter
      greet(socket);
    }),
  );
}

async function listen(server: Server | HttpServer): Promise<Service> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('demo: a service has no port');
  const stop = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: address.port, stop };
}
