import { type Clock, systemClock } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import { fleetKey } from '../fleet-key.js';
import type { RedisLink } from '../redis/redis-link.js';
import { script } from '../redis/script.js';
import { readClaimReply } from './claim-reply.js';
import type { LeaseAnswer, LeaseClaim, LeaseStore } from './lease-store.js';
import { ServerTime } from './server-time.js';

const CLAIM = script('lease-claim');
const RESIGN = script('lease-resign');

export interface RedisLeaseStoreOptions {
  readonly link: RedisLink;
  /** Whose leases: `[A-Za-z0-9_.-]{1,64}`. Default `telemetry`. */
  readonly fleet?: string;
  readonly clock?: Clock;
}

class RedisLeaseStore implements LeaseStore {
  readonly #link: RedisLink;
  readonly #fleet: string;
  readonly #clock: Clock;
  readonly #time = new ServerTime();

  constructor({ link, fleet = 'telemetry', clock = systemClock }: RedisLeaseStoreOptions) {
    this.#link = link;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#key('');
  }

  async claim(claim: LeaseClaim): Promise<LeaseAnswer> {
    // Once more: the first claim of all learns what time it is there, and so does one after Redis' clock was set forward.
    const answer = (await this.#claim(claim)) ?? (await this.#claim(claim));
    if (answer !== undefined) return answer;
    throw new FleetError(
      'timeout',
      `Redis at ${this.#link.address} ran a claim of leader lease ${claim.name} too late`,
    );
  }

  /** Undefined: it was run too late, and did nothing. */
  async #claim({ name, holder, leaseMs, token, above }: LeaseClaim): Promise<LeaseAnswer | undefined> {
    const sentMs = this.#clock.now();
    const lastMs = this.#time.latest(sentMs + this.#link.timeoutMs);
    const key = this.#key(name);
    const args = [holder, token ?? '', leaseMs, above, Math.ceil(lastMs)];
    const reply = readClaimReply(await this.#link.run(CLAIM, [key], args));
    if (reply === undefined || reply.outcome === 'damaged') {
      throw new FleetError(
        'refused',
        `leader lease ${name}: the key ${key} of Redis at ${this.#link.address} holds something that is no lease; delete it, and the next claim begins anew`,
      );
    }
    this.#time.saw(reply.nowMs, sentMs);
    return reply.outcome === 'answered' ? reply.answer : undefined;
  }

  async resign({ name, holder, token }: { name: string; holder: string; token: number }): Promise<void> {
    const key = this.#key(name);
    await this.#link.run(RESIGN, [key], [holder, token, key]);
  }

  watch(name: string, onFree: () => void): Disposable {
    return this.#link.subscribe(this.#key(name), onFree, onFree);
  }

  /** The lease's key, and the channel on which its end is told. */
  #key(name: string): string {
    return fleetKey(this.#fleet, `leader:${name}`);
  }
}

/**
 * Leases in Redis.
 * @throws ConfigError when the fleet's name cannot be part of a key
 */
export function redisLeaseStore(options: RedisLeaseStoreOptions): LeaseStore {
  return new RedisLeaseStore(options);
}
