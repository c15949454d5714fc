import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from './ports.js';

const listen = (port: number) =>
  new Promise<Disposable>((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ [Symbol.dispose]: () => server.close() }));
  });

const bind = (port: number) =>
  new Promise<Disposable>((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve({ [Symbol.dispose]: () => socket.close() }));
  });

/** Makes Math.random propose these ports first, in this order. */
function propose(...ports: number[]): void {
  const random = vi.spyOn(Math, 'random');
  for (const port of ports) random.mockReturnValueOnce((port - 15_000 + 0.5) / 17_000);
}

describe('freePort', () => {
  afterEach(() => vi.restoreAllMocks());

  it('gives a port that can be bound, for TCP and UDP', async () => {
    const port = await freePort();
    using _tcp = await listen(port);
    using _udp = await bind(port);
    expect(port).toBeGreaterThanOrEqual(15_000);
  });

  it('passes over a port that TCP or UDP has taken', async () => {
    const [tcp, udp, free] = [await freePort(), await freePort(), await freePort()];
    using _tcp = await listen(tcp);
    using _udp = await bind(udp);
    propose(tcp, udp, free);
    expect(await freePort()).toBe(free);
  });
});
