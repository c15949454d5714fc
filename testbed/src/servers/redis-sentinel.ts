import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificates } from '../process/certificates.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';
import { askRedis, expectPong, listening } from './redis.js';

export interface RedisSentinelOptions {
  /** The loopback port of the master that it watches over, and of its replicas: it asks the master for them. */
  masterPort: number;
  /** What it calls the master. Default `fleet`. */
  master?: string;
  /** How many Sentinels must find that the master is down. Default 2. */
  quorum?: number;
  /**
   * How long the master may say nothing, in milliseconds; not below 2,000, the default: a Sentinel connects to a server
   * again only after one second, so that with less it finds the new master of each failover down, and fails over for ever.
   */
  downAfterMs?: number;
  /** What the master asks of its clients. Default: nothing. */
  masterPassword?: string;
  /** What this asks of its own clients, other Sentinels included. Default: nothing. */
  password?: string;
  /** Speaks TLS, to the master too. Default: no TLS. */
  tls?: Certificates;
}

export interface RedisSentinelDetails {
  /** What it calls the master. */
  readonly master: string;
}

/**
 * After two seconds in which it got no time a Sentinel fails nothing over for thirty (TILT); a master that died meanwhile it
 * never does: its replica has heard nothing of it for longer than ten times `downAfterMs`. One older than 7.0 is not told.
 */
const BEAR_STALLS = 'SENTINEL DEBUG tilt-trigger 3600000';

/** Watches over a master with other Sentinels, and makes one of its replicas the master when it is down. */
export const redisSentinel: ServerDefinition<RedisSentinelOptions, RedisSentinelDetails> = {
  program: 'redis-sentinel',
  debianPackage: 'redis-sentinel',
  async plan(dir, options) {
    const { masterPort, master = 'fleet', quorum = 2, downAfterMs = 2_000, masterPassword, password, tls } = options;
    const port = await freePort();
    const config = join(dir, 'sentinel.conf');
    const lines = [
      'bind 127.0.0.1',
      ...listening(port, tls),
      `dir ${dir}`,
      `sentinel monitor ${master} 127.0.0.1 ${masterPort} ${quorum}`,
      `sentinel down-after-milliseconds ${master} ${downAfterMs}`,
      `sentinel failover-timeout ${master} 5000`,
      ...(masterPassword === undefined ? [] : [`sentinel auth-pass ${master} ${masterPassword}`]),
      ...(password === undefined ? [] : [`requirepass ${password}`]),
    ];
    // It keeps in this file what it learns.
    await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
    const ready = async () => {
      await expectPong(port, password, tls?.ca);
      await askRedis(port, BEAR_STALLS, { password, ca: tls?.ca });
    };
    return { port, args: [config], details: { master }, ready };
  },
};
