import type { Clock } from '@breakwater/resilience';
import Bottleneck from 'bottleneck';
import { FleetError } from '../fleet-error.js';
import { fleetKey } from '../fleet-key.js';
import type { RedisLink } from '../redis/redis-link.js';
import { script } from '../redis/script.js';
import { BottleneckClient } from './bottleneck-client.js';
import {
  type Beat,
  CLOSURES,
  type OpenStore,
  type OpenStoreOptions,
  type PermitStore,
  type Terms,
} from './permit-store.js';

const BEAT = script('limiter-beat');
const LEAVE = script('limiter-leave');
/** How often Bottleneck looks for permits whose time is over, and tells all that there are some. */
const BOTTLENECK_BEAT_MS = 1_000;

interface Job {
  readonly weight: number;
  takenBack: boolean;
  options: { weight: number } | undefined;
}

export interface BottleneckStoreOptions {
  readonly link: RedisLink;
  readonly fleet: string;
  readonly key: string;
  /** Of this limiter alone, among all processes. */
  readonly user: string;
  readonly settleMs: number;
  readonly clock: Clock;
}

/** Permits in Redis, counted by Bottleneck: one of its limiters for each life. */
class BottleneckStore implements PermitStore {
  readonly #options: BottleneckStoreOptions;
  readonly #given: OpenStoreOptions;
  readonly #client: BottleneckClient;
  readonly #limiter: Bottleneck;
  readonly #settings: string;
  /** Jobs that have not begun, in the order in which they were asked for. */
  readonly #jobs = new Set<Job>();
  /** What Bottleneck itself goes by of the job that it received last. */
  #received: { weight: number } | undefined;
  #closed = false;

  constructor(options: BottleneckStoreOptions, given: OpenStoreOptions) {
    const { link, fleet, key, clock } = options;
    const id = fleetKey(fleet, `limit:${key}`);
    this.#options = options;
    this.#given = given;
    this.#settings = `${id}_settings`;
    this.#client = new BottleneckClient(link, clock, (error) => this.#failed(error));
    // Given its library it looks for none, and given the client it makes none.
    const connection = new Bottleneck.IORedisConnection({ client: this.#client, Redis: Object });
    connection.on('error', (error: unknown) => this.#failed(error));
    this.#limiter = new Bottleneck({
      id,
      datastore: 'ioredis',
      connection,
      Redis: Object,
      maxConcurrent: given.terms.concurrent,
      heartbeatInterval: BOTTLENECK_BEAT_MS,
      clearDatastore: given.clear,
    });
    this.#limiter.on('received', ({ options: received }: { options: { weight: number } }) => {
      this.#received = received;
    });
    this.#limiter.on('error', (error: unknown) => this.#failed(error));
  }

  async open(): Promise<void> {
    await this.#limiter.ready();
  }

  async beat({ concurrent, holdMs }: Terms, life: string): Promise<Beat> {
    const { link, user, settleMs } = this.#options;
    const reply = await link.run(BEAT, [this.#settings], [user, concurrent, holdMs, settleMs, life]);
    return toBeat(reply, link.address);
  }

  request(weight: number, holdMs: number): void {
    const asked: Job = { weight, takenBack: false, options: undefined };
    this.#jobs.add(asked);
    const job = () =>
      new Promise<void>((release) => {
        const sentAtMs = this.#client.nextGrant() ?? Number.NEGATIVE_INFINITY;
        this.#jobs.delete(asked);
        const grant = { weight, sentAtMs, release };
        if (this.#closed || asked.takenBack) release();
        else this.#given.listener.granted(grant);
      });
    this.#received = undefined;
    this.#limiter.schedule({ weight, expiration: holdMs }, job).catch((error: unknown) => {
      // Its own timer at the end of a hold: the permits have returned, and the job was aborted before.
      if (!isExpiration(error)) this.#failed(error);
    });
    asked.options = this.#received;
  }

  /** Bottleneck keeps the job; without weight it begins as soon as it is its turn, ends, and holds nobody up. */
  takeBack(weight: number): boolean {
    const job = [...this.#jobs].findLast((each) => each.weight === weight);
    if (job?.options === undefined) return false;
    this.#jobs.delete(job);
    job.takenBack = true;
    job.options.weight = 0;
    return true;
  }

  async leave(): Promise<void> {
    await this.#options.link.run(LEAVE, [this.#settings], [this.#options.user]);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#limiter.disconnect(false);
    this.#client.close();
    // Nobody may be waiting for it any more; where it opens all the same, its heartbeat begins then.
    this.#limiter
      .ready()
      .then(() => this.#limiter.disconnect(false))
      .catch(() => {});
  }

  #failed(error: unknown): void {
    if (!this.#closed) this.#given.listener.failed(error);
  }
}

const isExpiration = (error: unknown): boolean =>
  error instanceof Bottleneck.BottleneckError && error.message.startsWith('This job timed out');

function toBeat(reply: unknown, address: string): Beat {
  if (Array.isArray(reply) && reply[0] === 'gone') {
    throw new FleetError(
      'refused',
      `Redis at ${address} has lost the limit: it was restarted empty, or its keys were deleted`,
    );
  }
  const numbers = Array.isArray(reply) ? reply.slice(1, -1) : [];
  const life = Array.isArray(reply) ? reply.at(-1) : undefined;
  const closure = CLOSURES[Number(numbers[6]) - 1];
  const isBeat = numbers.length === 7 && numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!isBeat || closure === undefined || typeof life !== 'string') {
    throw new FleetError('refused', `Redis at ${address} answered limiter-beat with something else than a beat`);
  }
  const [concurrent, holdMs, opensInMs, users, settled, differ] = numbers as [number, ...number[]];
  return {
    concurrent,
    holdMs: holdMs!,
    opensInMs: opensInMs!,
    closure,
    life,
    users: users!,
    settled: settled === 1,
    differ: differ === 1,
  };
}

export const bottleneckStore =
  (options: BottleneckStoreOptions): OpenStore =>
  (given) =>
    new BottleneckStore(options, given);
