import type { Certificates } from '../process/certificates.js';
import { until } from '../process/wait.js';
import type { RunningServer } from '../server.js';
import { startServer } from '../start.js';
import { askRedis } from './redis.js';

export interface RedisGroupOptions {
  /** Of the master and its replica. Default: none. */
  password?: string;
  /** Of the Sentinels. Default: none. */
  sentinelPassword?: string;
  /** All of them speak TLS. Default: no TLS. */
  tls?: Certificates;
}

const SENTINELS = 3;
const ACQUAINTED_WITHIN_MS = 30_000;

/** A master, its replica, and three Sentinels that know each other and both of them. */
export class RedisGroup implements AsyncDisposable {
  readonly url: string;
  readonly master: RunningServer;
  readonly replica: RunningServer;
  readonly sentinels: readonly RunningServer[];
  readonly #ask: (port: number, command: string) => Promise<string>;

  private constructor(
    servers: { master: RunningServer; replica: RunningServer; sentinels: readonly RunningServer[] },
    { tls, sentinelPassword }: RedisGroupOptions,
  ) {
    this.master = servers.master;
    this.replica = servers.replica;
    this.sentinels = servers.sentinels;
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    this.url = `${tls === undefined ? 'redis' : 'rediss'}+sentinel://${hosts}/fleet`;
    this.#ask = (port, command) => askRedis(port, command, { password: sentinelPassword, ca: tls?.ca });
  }

  static async start(options: RedisGroupOptions = {}): Promise<RedisGroup> {
    const { password, sentinelPassword, tls } = options;
    const common = { ...(password !== undefined && { password }), ...(tls !== undefined && { tls }) };
    const started: RunningServer[] = [];
    const keep = <S extends RunningServer>(server: S): S => {
      started.push(server);
      return server;
    };
    try {
      const master = keep(await startServer('redis', common));
      const replica = keep(await startServer('redis', { ...common, replicaOf: master.port }));
      const watching = {
        masterPort: master.port,
        ...(password !== undefined && { masterPassword: password }),
        ...(sentinelPassword !== undefined && { password: sentinelPassword }),
        ...(tls !== undefined && { tls }),
      };
      const sentinels: RunningServer[] = [];
      for (let i = 0; i < SENTINELS; i++) sentinels.push(keep(await startServer('redis-sentinel', watching)));
      const group = new RedisGroup({ master, replica, sentinels }, options);
      await until(() => group.#expectAcquainted(), ACQUAINTED_WITHIN_MS);
      return group;
    } catch (error) {
      await Promise.all(started.map((server) => server.stop()));
      throw error;
    }
  }

  /** The port of the master, by what most of the Sentinels say. */
  async masterPort(): Promise<number> {
    const votes = await Promise.all(
      this.sentinels.map(async ({ port }) => {
        const answer = await this.#ask(port, 'SENTINEL GET-MASTER-ADDR-BY-NAME fleet');
        return Number(/\$\d+\r\n(\d+)\r\n$/.exec(answer)?.[1]);
      }),
    );
    return votes.sort()[Math.floor(SENTINELS / 2)]!;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, this.replica, this.master].map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Before that a failover has no majority, or nobody to promote. */
  async #expectAcquainted(): Promise<void> {
    for (const { port } of this.sentinels) {
      const answer = await this.#ask(port, 'SENTINEL MASTER fleet');
      const count = (field: string) => Number(new RegExp(`${field}\\r\\n\\$\\d+\\r\\n(\\d+)`).exec(answer)?.[1]);
      const [others, replicas] = [count('num-other-sentinels'), count('num-slaves')];
      if (others !== SENTINELS - 1 || replicas !== 1) {
        throw new Error(`testbed: a Sentinel knows ${others} others and ${replicas} replicas\n${answer}`);
      }
      const list = await this.#ask(port, 'SENTINEL REPLICAS fleet');
      if (!/master-link-status\r\n\$2\r\nok/.test(list)) throw new Error(`testbed: no replica in sync\n${list}`);
    }
  }
}

/** Starts a master with a replica and three Sentinels, which find a dead master out after two seconds. */
export function redisGroup(options?: RedisGroupOptions): Promise<RedisGroup> {
  return RedisGroup.start(options);
}
