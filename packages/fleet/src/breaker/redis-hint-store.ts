import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import { checkName, fleetKey } from '../fleet-key.js';
import { ServerTime } from '../leader/server-time.js';
import type { RedisLink, ScriptArgument } from '../redis/redis-link.js';
import { script } from '../redis/script.js';
import {
  type HintReply,
  type HintRequest,
  type HintStore,
  LINGER_MS,
  MOST_HINTS,
  MOST_READ,
  type Say,
  TOMBSTONE_MS,
} from './hint-store.js';
import { readSyncReply } from './sync-reply.js';

const SYNC = script('breaker-sync');
const LIMITS = JSON.stringify([MOST_HINTS, MOST_READ, TOMBSTONE_MS, LINGER_MS]);

export interface RedisHintStoreOptions {
  readonly link: RedisLink;
  /** Of which breaker: `[A-Za-z0-9_.-]{1,64}`, the same in every replica. */
  readonly name: string;
  /** Whose hints: `[A-Za-z0-9_.-]{1,64}`. Default `telemetry`. */
  readonly fleet?: string;
  readonly clock?: Clock;
}

class RedisHintStore implements HintStore {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #time = new ServerTime();
  readonly #keys: readonly string[];
  readonly #channel: string;

  constructor({ link, name, fleet = 'telemetry', clock = systemClock }: RedisHintStoreOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#channel = fleetKey(fleet, `breaker:${checkName('the shared breaker', name)}`);
    this.#keys = ['records', 'versions', 'ends', 'members', 'meta'].map((part) => `${this.#channel}:${part}`);
  }

  async sync(request: HintRequest): Promise<HintReply> {
    // Once more: the first sync of all learns what time it is there, and so does one after Redis' clock was set forward.
    const reply = (await this.#sync(request)) ?? (await this.#sync(request));
    if (reply !== undefined) return reply;
    throw new FleetError('timeout', `Redis at ${this.#link.address} ran a sync of breaker hints too late`);
  }

  /** Undefined: it was run too late, and did nothing. */
  async #sync({ member, epoch, since, quorum, silentMs, says }: HintRequest): Promise<HintReply | undefined> {
    const sentMs = this.#clock.now();
    const lastMs = Math.ceil(this.#time.latest(sentMs + this.#link.timeoutMs));
    const known = [member, epoch, since, quorum, silentMs];
    const args = [
      lastMs,
      this.#channel,
      randomBytes(8).toString('hex'),
      ...known,
      LIMITS,
      ...says.flatMap(argumentsOf),
    ];
    const read = readSyncReply(await this.#link.run(SYNC, this.#keys, args));
    if (read === undefined || read.outcome === 'damaged') {
      const what = read === undefined ? 'what no store of hints answers' : `that ${read.key} holds no hints; delete it`;
      throw new FleetError('refused', `Redis at ${this.#link.address} answered a sync of breaker hints: ${what}`);
    }
    this.#time.saw(read.nowMs, sentMs);
    return read.outcome === 'answered' ? read.reply : undefined;
  }

  watch(onChange: () => void): Disposable {
    return this.#link.subscribe(this.#channel, onChange, onChange);
  }
}

function argumentsOf(say: Say): ScriptArgument[] {
  const { verb, key } = say;
  switch (verb) {
    case 'strike':
      return [verb, key, Math.ceil(say.forMs), Math.ceil(say.openMs), say.attempts];
    case 'failed':
      return [verb, key, say.period, Math.ceil(say.openMs), say.attempts];
    case 'closed':
      return [verb, key, say.period, 0, 0];
    case 'probe':
      return [verb, key, say.period, Math.ceil(say.leaseMs), 0];
    default:
      return [verb, key, 0, 0, 0];
  }
}

/**
 * The hints of one breaker in Redis.
 * @throws ConfigError when a name cannot be part of a key
 */
export function redisHintStore(options: RedisHintStoreOptions): HintStore {
  return new RedisHintStore(options);
}
