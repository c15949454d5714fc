import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startServers, until } from './http-servers.suite.js';
import { get, metric, outcome, withPool } from './pool.suite.js';

const hello = (_request: unknown, response: ServerResponse) => void response.end('hello');

describe('HttpPool: what its users do in the middle of what it tells them', () => {
  it('knows an origin once, where a handler makes the first request to it before its own is placed', async () => {
    await using servers = await startServers(1, hello);
    await using pool = withPool({ maxConnectionsPerHost: 1 });
    const { origin } = new URL(servers.url);
    let answered = 0;
    const ask = (first: () => void) =>
      pool.dispatch(
        { origin, path: '/', method: 'GET' },
        {
          onConnect: first,
          onHeaders: () => true,
          onData: () => true,
          onComplete: () => void answered++,
          onError() {},
        },
      );
    ask(() => ask(() => {}));
    expect(pool.counts).toMatchObject({ open: 1, queued: 1, origins: 1 });
    await until(() => answered === 2);
    expect(servers.most).toBe(1);
    await until(() => pool.counts.idle === 1);
    expect(pool.counts).toMatchObject({ open: 1, origins: 1 });
  });

  it('closes a socket that has just opened where a listener ends the only request for it', async () => {
    await using servers = await startServers(1, hello);
    await using pool = withPool();
    const controller = new AbortController();
    pool.on('connect', () => controller.abort(new Error('enough')));
    expect(await outcome(get(servers.url, pool, { signal: controller.signal }))).toBe('enough');
    await until(() => pool.counts.closing === 0);
    expect(pool.counts).toEqual({ open: 0, connecting: 0, busy: 0, idle: 0, closing: 0, queued: 0, origins: 0 });
    expect(metric(pool, 'connects_total')).toEqual({ '': 1 });
    pool.removeAllListeners('connect');
    expect(await get(servers.url, pool)).toBe('hello');
  });
});
