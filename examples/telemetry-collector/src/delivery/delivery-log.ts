import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '@breakwater/delivery';
import type { Clock } from '@breakwater/resilience';
import { type News, newsOf } from './delivery-news.js';

const QUIET_MS = 10_000;

/** What happened since the last line about the same thing. */
interface Untold {
  event: DeliveryEvent | undefined;
  events: number;
  points: number;
}

/**
 * Writes what delivery says to the log: the first of its kind at once, and what follows within ten seconds as one line at
 * their end, which tells the latest and the sum. So the last word on a lane is never left out.
 */
export class DeliveryLog implements Disposable {
  readonly #clock: Clock;
  readonly #write: (news: News) => void;
  readonly #untold = new Map<string, Untold>();
  readonly #listener = (event: unknown): void => this.tell(event as DeliveryEvent);

  constructor(clock: Clock, write: (news: News) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  start(): this {
    subscribe(DELIVERY_CHANNEL, this.#listener);
    return this;
  }

  tell(event: DeliveryEvent): void {
    const key = keyOf(event);
    const untold = this.#untold.get(key);
    if (untold === undefined) {
      this.#write(newsOf(event));
      this.#quieten(key);
      return;
    }
    untold.event = event;
    untold.events++;
    untold.points += pointsOf(event);
  }

  #quieten(key: string): void {
    this.#untold.set(key, { event: undefined, events: 0, points: 0 });
    this.#clock.after(QUIET_MS, () => this.#flush(key)).unref?.();
  }

  #flush(key: string): void {
    const { event, events, points } = this.#untold.get(key)!;
    this.#untold.delete(key);
    if (event === undefined) return;
    const news = newsOf('points' in event ? { ...event, points } : event);
    this.#write(events === 1 ? news : { ...news, fields: { ...news.fields, events } });
    this.#quieten(key);
  }

  /** Tells what is untold, and listens no more. */
  [Symbol.dispose](): void {
    unsubscribe(DELIVERY_CHANNEL, this.#listener);
    for (const [key, { event }] of [...this.#untold]) if (event !== undefined) this.#flush(key);
  }
}

/** What replaces each other: that a lane is held, and that it is not any more. No more keys than lanes times kinds. */
function keyOf(event: DeliveryEvent): string {
  const [subject, what] = event.type.split('.');
  if (subject === 'intake') return subject;
  if (what === 'held' || what === 'resumed') return `hold ${'backend' in event ? event.backend : ''}`;
  if ('backend' in event) return `${event.type} ${event.backend}`;
  return 'what' in event ? `trouble ${event.what}` : event.type;
}

const pointsOf = (event: DeliveryEvent): number => ('points' in event ? event.points : 0);
