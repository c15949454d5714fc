import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type FaultyServer, faultyServer } from './tcp.js';

const get = (server: FaultyServer) => fetch(server.url, { redirect: 'manual' });

function open(server: FaultyServer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, server.host, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends one request by hand and returns every byte of the answer, and how the connection ended. */
function exchange(server: FaultyServer): Promise<{ bytes: Buffer; ending: string }> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.host, () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    const pieces: Buffer[] = [];
    const finish = (ending: string) => resolve({ bytes: Buffer.concat(pieces), ending });
    socket.on('data', (piece) => pieces.push(piece));
    socket.once('end', () => finish('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code!));
  });
}

describe('faultyServer', () => {
  it('without a fault answers every request, several on one connection', async () => {
    await using server = await faultyServer('none');
    const socket = await open(server);
    socket.end('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n');
    expect((await text(socket)).match(/200 OK/g)).toHaveLength(2);
    expect(server.requests).toBe(2);
    expect(server.accepted).toBe(1);
  });

  it('hangs: accepts, reads and never answers', async () => {
    await using server = await faultyServer('hang');
    const socket = await open(server);
    let answered = false;
    socket.on('data', () => {
      answered = true;
    });
    socket.write('GET / HTTP/1.1\r\n\r\n');
    // A second server's whole exchange is time enough for an answer to come.
    await using other = await faultyServer('none');
    await (await get(other)).text();
    expect(server.requests).toBe(1);
    expect(answered).toBe(false);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  it('resets the connection', async () => {
    await using server = await faultyServer('reset');
    expect(await exchange(server)).toEqual({ bytes: Buffer.alloc(0), ending: 'ECONNRESET' });
  });

  it('closes without a word', async () => {
    await using server = await faultyServer('close');
    expect(await exchange(server)).toEqual({ bytes: Buffer.alloc(0), ending: 'end' });
  });

  it('answers garbage that is no HTTP', async () => {
    await using server = await faultyServer('garbage');
    const { bytes } = await exchange(server);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.toString('latin1')).not.toContain('HTTP');
    await expect(get(server)).rejects.toMatchObject({ cause: { name: 'HTTPParserError' } });
  });

  it('ends in the middle of a response', async () => {
    await using server = await faultyServer('half-response');
    const response = await get(server);
    expect(response.headers.get('content-length')).toBe('1000');
    await expect(response.text()).rejects.toThrow();
  });

  it('sends a huge body, no faster than it is read', async () => {
    await using server = await faultyServer('huge-body', { hugeBytes: 3_000_001 });
    expect((await (await get(server)).arrayBuffer()).byteLength).toBe(3_000_001);
  });

  it('redirects for ever, each time to another address', async () => {
    await using server = await faultyServer('redirect-loop');
    const places = new Set<string | null>();
    for (let hops = 0; hops < 5; hops++) {
      const response = await get(server);
      expect(response.status).toBe(302);
      places.add(response.headers.get('location'));
    }
    expect(places.size).toBe(5);
    await expect(fetch(server.url)).rejects.toMatchObject({ cause: { message: 'redirect count exceeded' } });
  });

  it('drips, byte by byte, without an end', async () => {
    await using server = await faultyServer('drip', { dripEveryMs: 1 });
    const pieces = await new Promise<number>((resolve) => {
      request(server.url, (response) => {
        let seen = 0;
        response.on('error', () => {});
        response.on('data', (piece: Buffer) => {
          expect(piece.toString()).toMatch(/^\.+$/);
          seen += piece.length;
          if (seen < 5) return;
          response.destroy();
          resolve(seen);
        });
      }).end();
    });
    expect(pieces).toBeGreaterThanOrEqual(5);
  });

  it('changes its fault while it runs', async () => {
    await using server = await faultyServer('none');
    expect((await get(server)).status).toBe(200);
    server.fault = 'redirect-loop';
    expect((await get(server)).status).toBe(302);
  });

  it('counts the connections that it sees, now and at most', async () => {
    const server = await faultyServer('hang');
    const sockets = await Promise.all([open(server), open(server), open(server)]);
    for (const socket of sockets) socket.write('GET / HTTP/1.1\r\n\r\n');
    await expect.poll(() => server.requests).toBe(3);
    expect(server).toMatchObject({ accepted: 3, open: 3, peak: 3 });
    sockets[0]!.destroy();
    await expect.poll(() => server.open).toBe(2);
    expect(server).toMatchObject({ accepted: 3, peak: 3 });
    await server.stop();
    expect(server.open).toBe(0);
  });

  it('refuses connections once it is stopped', async () => {
    const server = await faultyServer('none');
    const { port } = server;
    await server.stop();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});
