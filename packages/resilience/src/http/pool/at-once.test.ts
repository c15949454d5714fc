import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startServers, until } from './http-servers.suite.js';
import { withPool } from './pool.suite.js';

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
});
