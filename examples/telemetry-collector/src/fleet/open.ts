import { membership, type RedisLink, redisLink, redisMembershipStore } from '@breakwater/fleet';
import type { Clock } from '@breakwater/resilience';
import { nameLookup } from '@breakwater/resilience/http';
import type { FleetConfig } from '../config/fleet.js';
import { Fleet } from './fleet.js';

export interface OpenFleetOptions {
  clock: Clock;
  /** Told of errors that are ours. */
  onError: (error: unknown, what: string) => void;
}

/** A fleet, and what else it is reached through. */
export interface OpenFleet {
  readonly fleet: Fleet;
  readonly link: RedisLink;
}

/** Connects to Redis, which may be away: nobody waits for it. */
export function openFleet({ redis, dns, name, leaseMs }: FleetConfig, { clock, onError }: OpenFleetOptions): OpenFleet {
  const link = redisLink({ ...redis, nameLookup: nameLookup({ name: 'redis-dns', ...dns, clock }), clock });
  const store = redisMembershipStore({ link, fleet: name });
  const fleet = new Fleet({
    name,
    link,
    membership: (joining) => membership({ store, leaseMs, clock, ...joining }),
    measured: [link],
    onError,
    clock,
  });
  return { fleet, link };
}
