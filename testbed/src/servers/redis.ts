import { ask } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface RedisOptions {
  /** Every write is synced to disk before its answer, so that data survives a restart. Default: kept in memory only. */
  durable?: boolean;
}

export interface RedisDetails {
  readonly url: string;
}

export const redis: ServerDefinition<RedisOptions, RedisDetails> = {
  program: 'redis-server',
  debianPackage: 'redis-server',
  async plan(dir, { durable = false }) {
    const port = await freePort();
    const log = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    return {
      port,
      args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', ...log],
      details: { url: `redis://127.0.0.1:${port}` },
      async ready() {
        const answer = await ask(port, 'PING\r\n');
        if (answer !== '+PONG\r\n') throw new Error(`it answered PING with ${JSON.stringify(answer)}`);
      },
    };
  },
};
