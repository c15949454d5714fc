import { FLEET_CHANNEL, type FleetEvent } from '@breakwater/fleet';
import type { Clock } from '@breakwater/resilience';
import { EventLog, type EventSource, type News } from '../event-log.js';
import { newsOf } from './fleet-news.js';

const FLEET: EventSource<FleetEvent> = {
  channel: FLEET_CHANNEL,
  // Standings change once in a lease, if at all.
  quietMs: 1_000,
  keyOf,
  // Whether Redis knows this replica is other news each time; who else is there is the same again.
  kindOf: (event) => (event.type === 'member.standing' ? `${event.type} ${event.standing.kind}` : event.type),
  newsOf,
  join: (_earlier, later) => later,
};

/** Writes what the fleet says to the log. */
export class FleetLog extends EventLog<FleetEvent> {
  constructor(clock: Clock, write: (news: News) => void) {
    super(clock, write, FLEET);
  }
}

/** Bounded by kinds: circuits of a thousand targets that are opened at once are one line. */
function keyOf(event: FleetEvent): string {
  if (event.type === 'redis.ready' || event.type === 'redis.lost') return 'redis';
  if (event.type === 'breaker.alone' || event.type === 'breaker.rejoined') return 'breaker';
  if (event.type === 'trouble') return `trouble ${event.what}`;
  return event.type;
}
