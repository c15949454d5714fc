import { DELIVERY_CHANNEL, type DeliveryEvent } from '@breakwater/delivery';
import type { Clock } from '@breakwater/resilience';
import { EventLog, type EventSource, type News } from '../event-log.js';
import { newsOf } from './delivery-news.js';

const DELIVERY: EventSource<DeliveryEvent> = {
  channel: DELIVERY_CHANNEL,
  quietMs: 10_000,
  keyOf,
  kindOf: ({ type }) => type,
  newsOf,
  join: (earlier, later) => ('points' in later ? { ...later, points: later.points + pointsOf(earlier) } : later),
};

/** Writes what delivery says to the log. */
export class DeliveryLog extends EventLog<DeliveryEvent> {
  constructor(clock: Clock, write: (news: News) => void) {
    super(clock, write, DELIVERY);
  }
}

/** Bounded by lanes, slots and kinds. */
function keyOf(event: DeliveryEvent): string {
  const [subject, what] = event.type.split('.');
  if (subject === 'intake') return subject;
  if (what === 'held' || what === 'resumed') return `hold ${'backend' in event ? event.backend : ''}`;
  if ('backend' in event) return `${event.type} ${event.backend}`;
  if ('slot' in event) return `${event.type} ${event.slot}`;
  if ('what' in event) return `${event.type} ${event.what}`;
  return event.type;
}

const pointsOf = (event: DeliveryEvent): number => ('points' in event ? event.points : 0);
