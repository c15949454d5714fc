import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { errors, fetch, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { startServers, until } from './http-servers.suite.js';
import { get, metric, outcome, withPool } from './pool.suite.js';

const reason = new Error('enough');

describe('HttpPool: abort', () => {
  it('ends a request while it waits, and leaves the one that runs alone', async () => {
    let answer = () => {};
    await using servers = await startServers(1, (_request, response) => {
      answer = () => void response.end('hello');
    });
    await using pool = withPool({ maxConnections: 1 });
    const running = get(servers.url, pool);
    await until(() => servers.sockets.size === 1);
    const controllers = [new AbortController(), new AbortController()] as const;
    const waiting = get(servers.url, pool, { signal: controllers[0].signal });
    const fetching = fetch(servers.url, { dispatcher: pool, signal: controllers[1].signal });
    await settle();
    expect(pool.counts.queued).toBe(2);
    for (const controller of controllers) controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(fetching).rejects.toBe(reason);
    expect(pool.counts.queued).toBe(0);
    await until(() => servers.sockets.size === 1);
    answer();
    expect(await running).toBe('hello');
    expect(servers.accepted).toBe(1);
    expect(metric(pool, 'rejections_total')).toEqual({ aborted: 2 });
  });

  it('does not begin a request whose signal was aborted', async () => {
    await using servers = await startServers(1, (_request, response) => void response.end());
    await using pool = withPool();
    await expect(get(servers.url, pool, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(pool.counts).toMatchObject({ open: 0, origins: 0 });
    await settle();
    expect(servers.accepted).toBe(0);
  });

  it('gives up the socket that was being opened for it', async () => {
    const signals: AbortSignal[] = [];
    const nameLookup = {
      lookup: (_name: string, { signal }: { signal?: AbortSignal } = {}) => {
        signals.push(signal!);
        return new Promise<never>(() => {});
      },
    };
    await using pool = withPool({ nameLookup });
    const controller = new AbortController();
    const running = get('http://a.test/', pool, { signal: controller.signal });
    await until(() => signals.length === 1);
    expect(pool.counts.connecting).toBe(1);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(pool.counts).toMatchObject({ open: 0, origins: 0 });
    expect(signals[0]!.aborted).toBe(true);
    expect(metric(pool, 'connect_errors_total')).toEqual({ cancelled: 1 });
  });

  it('costs the socket where the answer has not begun, and where it is not complete', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/half') response.write('half');
    });
    await using pool = withPool({ maxConnections: 1 });
    for (const path of ['', 'half']) {
      const controller = new AbortController();
      const running = get(`${servers.url}${path}`, pool, { signal: controller.signal });
      await until(() => servers.sockets.size === 1);
      if (path === 'half') await until(() => pool.counts.busy === 1);
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
      await until(() => servers.sockets.size === 0 && pool.counts.open === 0);
    }
    expect(servers.accepted).toBe(2);
  });

  it('tells the server at once, and has the place back when that has closed its end, where nothing flows yet', async () => {
    await using servers = await startServers(1, () => {});
    const clock = new VirtualClock();
    await using pool = withPool({ clock, maxConnections: 1 });
    const controller = new AbortController();
    const running = get(servers.url, pool, { signal: controller.signal });
    await until(() => servers.sockets.size === 1 && pool.counts.busy === 1);
    const [socket] = servers.sockets;
    const ended = once(socket!, 'end');
    controller.abort(reason);
    expect(pool.counts).toMatchObject({ closing: 1 });
    await expect(running).rejects.toBe(reason);
    await ended;
    await until(() => pool.counts.open === 0);
    expect(clock.now()).toBe(0);
  });

  it('takes no notice of an answer that comes when nobody waits for it any more', async () => {
    for (const late of [
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    ]) {
      const sockets: Socket[] = [];
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket.resume().on('end', () => socket.end(late)));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      await using pool = withPool({ maxConnections: 1 });
      const told: string[] = [];
      const abort = new Promise<() => void>((resolve) => {
        pool.dispatch(
          {
            origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            path: '/',
            method: 'GET',
            ...(late.includes('101') && { upgrade: 'x' }),
          },
          {
            onConnect: resolve,
            onResponseStarted: () => told.push('started'),
            onHeaders: () => told.push('headers') > 0,
            onData: () => told.push('data') > 0,
            onComplete: () => told.push('complete'),
            onUpgrade: () => told.push('upgrade'),
            onError: (error) => told.push(error.constructor.name),
          },
        );
      });
      await until(() => sockets.length === 1 && sockets[0]!.bytesRead > 0);
      (await abort)();
      expect(told).toEqual(['RequestAbortedError']);
      await until(() => pool.counts.open === 0);
      expect(pool.counts).toMatchObject({ idle: 0, closing: 0, origins: 0 });
      expect(told).toEqual(['RequestAbortedError']);
      server.close();
    }
  });

  it('frees the place of a request that was aborted in the middle of its body for the next', async () => {
    await using servers = await startServers(1, (request, response) => {
      if (request.url === '/endless') response.write('x'.repeat(1 << 20));
      else response.end('hello');
    });
    await using pool = withPool({ maxConnections: 1 });
    const { body } = await request(`${servers.url}endless`, { dispatcher: pool });
    const next = get(servers.url, pool);
    expect(pool.counts).toMatchObject({ busy: 1, queued: 1 });
    body.on('error', () => {});
    body.destroy();
    expect(await next).toBe('hello');
    expect(servers.most).toBe(1);
  });

  it('keeps the socket where the answer is complete', async () => {
    await using servers = await startServers(1, (_request, response) => void response.end('hello'));
    await using pool = withPool({ maxConnections: 1 });
    const controller = new AbortController();
    const { body } = await request(servers.url, { dispatcher: pool, signal: controller.signal });
    await until(() => pool.counts.idle === 1);
    controller.abort(reason);
    await body.text().catch(() => {});
    expect(await get(servers.url, pool)).toBe('hello');
    expect(servers.accepted).toBe(1);
  });

  it('keeps the socket where the request was not yet sent through it', async () => {
    const seen: string[] = [];
    await using servers = await startServers(1, (request, response) => {
      seen.push(request.url!);
      response.end('hello');
    });
    await using pool = withPool({ maxConnections: 1 });
    await get(servers.url, pool);
    const controller = new AbortController();
    const running = get(`${servers.url}gone`, pool, { signal: controller.signal });
    expect(pool.counts.busy).toBe(1);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await get(`${servers.url}next`, pool)).toBe('hello');
    expect(seen).toEqual(['/', '/next']);
    expect(servers.accepted).toBe(1);
  });

  it('passes the failure of a body on that waits with its request', async () => {
    await using servers = await startServers(1, () => {});
    await using pool = withPool({ maxConnections: 1 });
    void outcome(get(servers.url, pool));
    const body = new Readable({ read() {} });
    const waiting = get(servers.url, pool, { method: 'PUT', body });
    expect(pool.counts.queued).toBe(1);
    body.destroy(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(pool.counts.queued).toBe(0);
  });

  it('leaves no listener on a body that waited with its request', async () => {
    const answers: Array<() => void> = [];
    await using servers = await startServers(1, (_request, response) => void answers.push(() => response.end('hello')));
    await using pool = withPool({ maxConnections: 1 });
    const bodies = [Readable.from(['at once']), Readable.from(['later'])] as const;
    const running = bodies.map((body) => get(servers.url, pool, { method: 'PUT', body }));
    expect(pool.counts.queued).toBe(1);
    for (let answered = 0; answered < 2; answered++) {
      await until(() => answers.length === 1);
      answers.pop()!();
    }
    expect(await Promise.all(running)).toEqual(['hello', 'hello']);
    await until(() => bodies.every((body) => body.closed));
    // undici leaves one of its own.
    expect(bodies[1].listenerCount('error')).toBe(1);
  });

  it('does without a reason', async () => {
    await using servers = await startServers(1, () => {});
    await using pool = withPool({ maxConnections: 1 });
    for (let index = 0; index < 2; index++) {
      const failed = new Promise((resolve) => {
        pool.dispatch(
          { origin: servers.url.slice(0, -1), path: '/', method: 'GET' },
          {
            onConnect: (abort) => setImmediate(abort),
            onHeaders: () => true,
            onData: () => true,
            onComplete() {},
            onError: resolve,
          },
        );
      });
      expect(await failed).toBeInstanceOf(errors.RequestAbortedError);
    }
  });
});
