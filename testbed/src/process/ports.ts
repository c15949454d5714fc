import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

// Below every system's ephemeral range, so that no outgoing connection takes the port before the server does.
const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 100;

/** What was given may not be in use yet: a server often needs several before it starts. */
const given = new Set<number>();

/**
 * A loopback port that is free for TCP and for UDP, each time another one. Nothing holds it: who starts a server on it tries
 * again if it is gone.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port)) continue;
    given.add(port);
    if ((await tcpFree(port)) && (await udpFree(port))) return port;
  }
  throw new Error(`testbed: no free loopback port between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}

function tcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
