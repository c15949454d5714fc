import { type RunningServer, startServer } from '@breakwater/testbed';
import { askRedis } from './ask-redis.suite.js';
import { eventually } from './watch.suite.js';

const MASTER = 'fleet';
const READY_WITHIN_MS = 90_000;

/** A Redis, a replica of it, and three Sentinels that make the replica the master when the first one is gone. */
export class SentinelRedis implements AsyncDisposable {
  readonly master: RunningServer;
  readonly replica: RunningServer;
  readonly #sentinels: readonly RunningServer[];

  private constructor(master: RunningServer, replica: RunningServer, sentinels: readonly RunningServer[]) {
    this.master = master;
    this.replica = replica;
    this.#sentinels = sentinels;
  }

  /** Resolves when the Sentinels know of each other and of the replica. */
  static async start(): Promise<SentinelRedis> {
    const master = await startServer('redis');
    const replica = await startServer('redis', { replicaOf: master.port });
    const sentinels: RunningServer[] = [];
    for (let count = 0; count < 3; count++) {
      sentinels.push(await startServer('redis-sentinel', { masterPort: master.port, master: MASTER }));
    }
    const redis = new SentinelRedis(master, replica, sentinels);
    for (const { port } of sentinels) {
      const look = async () =>
        (await knows(port, 'num-slaves', '1')) && (await knows(port, 'num-other-sentinels', '2'));
      await eventually(
        async () => (await look()) || undefined,
        READY_WITHIN_MS,
        () => `no quorum of Sentinels`,
      );
    }
    return redis;
  }

  get url(): string {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`;
  }

  /** Resolves when every Sentinel says that the replica is the master. */
  async failedOver(): Promise<void> {
    const request = `SENTINEL GET-MASTER-ADDR-BY-NAME ${MASTER}`;
    for (const { port } of this.#sentinels) {
      const look = async () => (await askRedis(port, request)).includes(`\r\n${this.replica.port}\r\n`) || undefined;
      await eventually(
        look,
        READY_WITHIN_MS,
        () => `no failover: the Sentinel on port ${port} does not name the replica`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sentinels, this.replica, this.master].map((server) => server.stop()));
  }
}

async function knows(port: number, field: string, value: string): Promise<boolean> {
  const words = (await askRedis(port, `SENTINEL MASTER ${MASTER}`)).split('\r\n');
  // Each word comes after its length.
  return words[words.indexOf(field) + 2] === value;
}
