import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from './ports.js';

type Taken = Disposable & { readonly port: number };

const listen = (port: number) =>
  new Promise<Taken>((resolve, reject) => {
    const server = createServer().once('error', reject);
    const taken = () => ({ port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() });
    server.listen(port, '127.0.0.1', () => resolve(taken()));
  });

const bind = (port: number) =>
  new Promise<Taken>((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    const taken = () => ({ port: socket.address().port, [Symbol.dispose]: () => void socket.close() });
    socket.bind(port, '127.0.0.1', () => resolve(taken()));
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
    using tcp = await listen(0);
    using udp = await bind(0);
    propose(tcp.port, udp.port);
    const port = await freePort();
    expect([tcp.port, udp.port]).not.toContain(port);
    expect(vi.mocked(Math.random).mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  it('gives none twice: who has it may not use it yet', async () => {
    const port = await freePort();
    propose(port, port);
    const [one, other] = await Promise.all([freePort(), freePort()]);
    expect(new Set([port, one, other]).size).toBe(3);
  });
});
