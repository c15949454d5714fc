import { FLEET_CHANNEL, type FleetEvent } from '@breakwater/fleet';
import type { Clock } from '@breakwater/resilience';
import { EventLog, type EventSource, type News } from '../event-log.js';
import { newsOf } from './fleet-news.js';

const FLEET: EventSource<FleetEvent> = {
  channel: FLEET_CHANNEL,
  // Standings change once in a lease, if at all.
  quietMs: 1_000,
  keyOf,
  kindOf,
  newsOf,
  join,
};

/** Writes what the fleet says to the log. */
export class FleetLog extends EventLog<FleetEvent> {
  constructor(clock: Clock, write: (news: News) => void) {
    super(clock, write, FLEET);
  }
}

/** Whether Redis knows this replica, and wants it, is other news each time; who else is there is the same again. */
function kindOf(event: FleetEvent): string {
  if (event.type === 'member.standing') return `${event.type} ${event.standing.kind}`;
  if (event.type === 'limiter.mode') return `${event.type} ${event.mode}`;
  return event.type === 'redis.lost' ? `${event.type} ${event.reason}` : event.type;
}

/** From where the earlier one began to where the later one ends. */
function join(earlier: FleetEvent, later: FleetEvent): FleetEvent {
  const areStandings = earlier.type === 'member.standing' && later.type === 'member.standing';
  return areStandings ? { ...later, before: earlier.before } : later;
}

/** Bounded by kinds: circuits of a thousand targets that are opened at once are one line. */
function keyOf(event: FleetEvent): string {
  if (event.type === 'redis.ready' || event.type === 'redis.lost') return 'redis';
  if (event.type === 'breaker.alone' || event.type === 'breaker.rejoined') return 'breaker';
  // As many as the targets file names.
  if (event.type === 'limiter.mode') return `${event.type} ${event.limiter}`;
  if (event.type === 'trouble') return `trouble ${event.what}`;
  return event.type;
}
