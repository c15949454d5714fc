import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { startFullServer } from '../connect/full-server.suite.js';
import { startServers, until } from './http-servers.suite.js';
import { get, metric, outcome, withPool } from './pool.suite.js';

const hello = (_request: unknown, response: ServerResponse) => void response.end('hello');

/** Answers when it is told to, the oldest request first. */
function answering() {
  const held: ServerResponse[] = [];
  const order: string[] = [];
  return {
    held,
    order,
    listener: (request: IncomingMessage, response: ServerResponse) => {
      order.push(request.url!.slice(1));
      held.push(response);
    },
    answer: () => held.shift()!.end('hello'),
  };
}

describe('HttpPool: caps', () => {
  it('keeps its caps as the servers count them, with many more origins than sockets', async () => {
    await using servers = await startServers(60, hello);
    await using pool = withPool({ maxConnections: 10, maxConnectionsPerHost: 3 });
    const most = { open: 0, busy: 0 };
    const work = servers.urls.flatMap((url) => Array.from({ length: 5 }, () => url));
    await Promise.all(
      work.map(async (url) => {
        expect(await get(url, pool)).toBe('hello');
        most.open = Math.max(most.open, pool.counts.open);
        most.busy = Math.max(most.busy, pool.counts.busy);
      }),
    );
    expect(most.open).toBe(10);
    expect(servers.most).toBeLessThanOrEqual(10);
    expect(servers.mostPerServer).toBeLessThanOrEqual(3);
    expect(servers.accepted).toBeGreaterThanOrEqual(60);
  });

  it('keeps its caps when requests are aborted all the time', async () => {
    const { listener, held } = answering();
    await using servers = await startServers(30, listener);
    await using pool = withPool({ maxConnections: 8, maxConnectionsPerHost: 2 });
    for (let round = 0; round < 6; round++) {
      const controllers = servers.urls.map(() => new AbortController());
      const running = controllers.map(({ signal }, index) => outcome(get(servers.urls[index]!, pool, { signal })));
      await until(() => held.length >= 4);
      held.length = 0;
      for (const controller of controllers) controller.abort();
      await Promise.all(running);
      await until(() => pool.counts.busy === 0);
    }
    expect(servers.most).toBe(8);
    await until(() => pool.counts.open === 0 && servers.sockets.size === 0);
  });

  it('evicts the socket that was idle longest for a request to another origin', async () => {
    await using servers = await startServers(4, hello);
    await using pool = withPool({ maxConnections: 3 });
    const [a, b, c, d] = servers.urls as [string, string, string, string];
    for (const url of [a, b, c, a, d]) await get(url, pool);
    expect(pool.counts).toMatchObject({ open: 3, idle: 3, origins: 3 });
    for (const url of [a, c, d]) await get(url, pool);
    expect(servers.accepted).toBe(4);
    expect(metric(pool, 'evictions_total')).toEqual({ '': 1 });
    expect(metric(pool, 'requests_total')).toEqual({ new: 4, reused: 4 });
    await get(b, pool);
    expect(servers.accepted).toBe(5);
    expect(servers.most).toBe(3);
  });

  it('keeps sockets for the next request, and those that were not needed after all, too', async () => {
    const { listener, answer, held } = answering();
    await using servers = await startServers(1, listener);
    await using pool = withPool();
    for (const burst of [3, 2, 3]) {
      const running = Array.from({ length: burst }, () => get(servers.url, pool));
      await until(() => held.length === burst);
      while (held.length > 0) answer();
      await Promise.all(running);
    }
    expect(servers.accepted).toBe(3);
    expect(metric(pool, 'connections')).toEqual({ idle: 3 });
  });

  it('lets a request go out on a socket that was opened for one that found another', async () => {
    const { listener, answer, held } = answering();
    await using servers = await startServers(1, listener);
    const slow = { lookup: () => looked };
    let found: (addresses: Array<{ address: string; family: 4 }>) => void = () => {};
    let looked = Promise.resolve([{ address: '127.0.0.1', family: 4 as const }]);
    await using pool = withPool({ nameLookup: slow });
    const url = servers.url.replace('127.0.0.1', 'a.test');
    const first = get(url, pool);
    await until(() => held.length === 1);
    looked = new Promise((resolve) => {
      found = resolve;
    });
    const second = get(url, pool);
    answer();
    await until(() => held.length === 1);
    answer();
    await Promise.all([first, second]);
    expect(pool.counts).toMatchObject({ connecting: 1, idle: 1 });
    found([{ address: '127.0.0.1', family: 4 }]);
    await until(() => pool.counts.idle === 2);
    const both = [get(url, pool), get(url, pool)];
    await until(() => held.length === 2);
    answer();
    answer();
    await Promise.all(both);
    expect(servers.accepted).toBe(2);
  });
});

describe('HttpPool: names with several addresses', () => {
  /** A name with two addresses: at the first nobody accepts, at the second there is a server. */
  async function setup(maxConnections: number) {
    const dead = await startFullServer();
    const server = createServer(hello);
    await once(server.listen(dead.port, '127.0.0.2'), 'listening');
    const clock = new VirtualClock();
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 as const }));
    const pool = withPool({ clock, maxConnections, nameLookup: { lookup: async () => addresses } });
    const running = get(`http://a.test:${dead.port}/`, pool);
    await settle();
    return {
      clock,
      pool,
      running,
      async [Symbol.asyncDispose]() {
        await pool.destroy();
        await dead[Symbol.asyncDispose]();
        server.close();
      },
    };
  }

  it('tries the second beside the first after its head start, where the cap has room for both', async () => {
    await using scene = await setup(2);
    const { clock, pool, running } = scene;
    await clock.advance(249);
    expect(pool.counts).toMatchObject({ open: 1, connecting: 1 });
    await clock.advance(1);
    expect(await running).toBe('hello');
    expect(clock.now()).toBe(250);
    await until(() => pool.counts.open === 1);
    expect(metric(pool, 'connects_total')).toEqual({ '': 1 });
  });

  it('tries the second instead of the first after its share of the time, where it has not', async () => {
    await using scene = await setup(1);
    const { clock, pool, running } = scene;
    await clock.advance(250);
    expect(pool.counts).toMatchObject({ open: 1, connecting: 1 });
    await clock.advance(4875);
    expect(await running).toBe('hello');
    expect(pool.counts.open).toBe(1);
  });
});

describe('HttpPool: the queue', () => {
  it('serves requests of an origin in their order', async () => {
    const { listener, answer, order, held } = answering();
    await using servers = await startServers(1, listener);
    await using pool = withPool({ maxConnections: 1 });
    const running = [1, 2, 3, 4].map((number) => get(`${servers.url}${number}`, pool));
    for (let answered = 0; answered < 4; answered++) {
      await until(() => held.length === 1);
      answer();
    }
    await Promise.all(running);
    expect(order).toEqual(['1', '2', '3', '4']);
    expect(servers.accepted).toBe(1);
  });

  it('lets no backlog of one origin starve another', async () => {
    const { listener, answer, order, held } = answering();
    await using servers = await startServers(2, listener);
    await using pool = withPool({ maxConnections: 2 });
    const [hog, guest] = servers.urls as [string, string];
    const backlog = Array.from({ length: 20 }, (_, index) => get(`${hog}hog-${index}`, pool));
    await until(() => held.length === 2);
    const visit = get(`${guest}guest`, pool);
    // The first socket that becomes free is the guest's.
    answer();
    await until(() => order.includes('guest'));
    expect(order).toHaveLength(3);
    for (let left = 20; left > 0; left--) {
      await until(() => held.length > 0);
      answer();
    }
    await Promise.all([...backlog, visit]);
    expect(servers.most).toBe(2);
  });

  it('refuses what is more than it may hold, and tells why', async () => {
    const { listener, answer, held } = answering();
    await using servers = await startServers(1, listener);
    await using pool = withPool({ name: 'probes', maxConnections: 1, maxQueued: 2 });
    const running = [1, 2, 3].map(() => get(servers.url, pool));
    await expect(get(servers.url, pool)).rejects.toMatchObject({
      name: 'RejectedError',
      policy: 'probes',
      reason: 'queue-full',
    });
    expect(metric(pool, 'queued')).toEqual({ '': 2 });
    for (let answered = 0; answered < 3; answered++) {
      await until(() => held.length === 1);
      answer();
    }
    expect(await Promise.all(running)).toEqual(['hello', 'hello', 'hello']);
    expect(metric(pool, 'rejections_total')).toEqual({ 'queue-full': 1 });
  });

  it('ends a wait at the queue timeout, and at the deadline of the request', async () => {
    const { listener, held, answer } = answering();
    await using servers = await startServers(1, listener);
    const clock = new VirtualClock();
    await using pool = withPool({ clock, maxConnections: 1, queueTimeoutMs: 5000 });
    const first = get(servers.url, pool);
    await until(() => held.length === 1);
    const ended: string[] = [];
    for (const [name, options] of Object.entries({ patient: {}, hasty: { deadline: 2000 }, late: { deadline: 0 } }))
      void outcome(get(servers.url, pool, options)).then((reason) => ended.push(`${name} ${reason} ${clock.now()}`));
    await settle();
    expect(ended).toEqual(['late deadline 0']);
    await clock.advance(1999);
    expect(ended).toHaveLength(1);
    await clock.advance(1);
    await clock.advance(3000);
    expect(ended.slice(1)).toEqual(['hasty queue-timeout 2000', 'patient queue-timeout 5000']);
    answer();
    expect(await first).toBe('hello');
    expect(metric(pool, 'rejections_total')).toEqual({ deadline: 1, 'queue-timeout': 2 });
    expect(clock.timers).toBeLessThanOrEqual(1);
  });

  it('ends the wait of others in time, although one is left in peace at its own', async () => {
    const clock = new VirtualClock();
    const deaf = { lookup: () => new Promise<never>(() => {}) };
    await using pool = withPool({ clock, nameLookup: deaf, queueTimeoutMs: 1000, maxConnections: 1 });
    const ended: string[] = [];
    const ask = (name: string) =>
      void outcome(get('http://a.test/', pool)).then((reason) => ended.push(`${name} ${reason} ${clock.now()}`));
    ask('covered');
    await clock.advance(100);
    ask('queued');
    await clock.advance(1000);
    expect(ended).toEqual(['queued queue-timeout 1100']);
  });

  it('leaves a request in peace for which a socket is being opened: that has a time limit of its own', async () => {
    const clock = new VirtualClock();
    const deaf = { lookup: () => new Promise<never>(() => {}) };
    await using pool = withPool({
      clock,
      nameLookup: deaf,
      queueTimeoutMs: 1000,
      connectTimeoutMs: 3500,
      maxConnections: 1,
    });
    const ended: string[] = [];
    for (const name of ['first', 'second'])
      void outcome(get('http://a.test/', pool)).then((reason) => ended.push(`${name} ${reason} ${clock.now()}`));
    await clock.advance(3500);
    expect(ended).toEqual(['second queue-timeout 1000', 'first UND_ERR_CONNECT_TIMEOUT 3500']);
    const hasty = outcome(get('http://a.test/', pool, { deadline: 4200 }));
    await clock.advance(700);
    expect(await hasty).toBe('queue-timeout');
    expect(pool.counts).toMatchObject({ open: 0, origins: 0 });
    expect(metric(pool, 'connect_errors_total')).toEqual({ timeout: 1, cancelled: 1 });
  });
});
