import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '@breakwater/delivery';
import type { Clock, Timer } from '@breakwater/resilience';
import { type News, newsOf } from './delivery-news.js';

const QUIET_MS = 10_000;
const LONGEST_QUIET_MS = 600_000;

/** What was told of one thing, and what has happened to it since. */
interface Told {
  readonly type: DeliveryEvent['type'];
  readonly atMs: number;
  /** How long nothing more of the same is told. */
  readonly quietMs: number;
  readonly timer: Timer;
  latest: DeliveryEvent | undefined;
  events: number;
  points: number;
}

/**
 * Writes what delivery says to the log: the first of its kind at once. What follows within ten seconds is one line at their
 * end, with the latest word and the sum, so that the last word on a lane is never left out; what goes on unchanged is told
 * less and less often.
 */
export class DeliveryLog implements Disposable {
  readonly #clock: Clock;
  readonly #write: (news: News) => void;
  readonly #told = new Map<string, Told>();
  readonly #listener = (event: unknown): void => this.#hear(event as DeliveryEvent);

  constructor(clock: Clock, write: (news: News) => void) {
    this.#clock = clock;
    this.#write = write;
    subscribe(DELIVERY_CHANNEL, this.#listener);
  }

  #hear(event: DeliveryEvent): void {
    const key = keyOf(event);
    const told = this.#told.get(key);
    if (told === undefined) {
      this.#tell(key, event, newsOf(event), QUIET_MS);
      return;
    }
    told.latest = event;
    told.events++;
    told.points += pointsOf(event);
    if (event.type !== told.type && this.#clock.now() - told.atMs >= QUIET_MS) this.#tellLatest(key, told);
  }

  #tell(key: string, { type }: DeliveryEvent, news: News, quietMs: number): void {
    this.#write(news);
    const atMs = this.#clock.now();
    const timer = this.#clock.after(quietMs, () => this.#tellLatest(key, told));
    timer.unref?.();
    const told: Told = { type, atMs, quietMs, timer, latest: undefined, events: 0, points: 0 };
    this.#told.set(key, told);
  }

  #tellLatest(key: string, { type, quietMs, timer, latest, events, points }: Told): void {
    timer[Symbol.dispose]();
    this.#told.delete(key);
    if (latest === undefined) return;
    const news = newsOf('points' in latest ? { ...latest, points } : latest);
    const nextMs = latest.type === type ? Math.min(2 * quietMs, LONGEST_QUIET_MS) : QUIET_MS;
    this.#tell(key, latest, events === 1 ? news : { ...news, fields: { ...news.fields, events } }, nextMs);
  }

  /** Tells what is untold, and hears no more. */
  [Symbol.dispose](): void {
    unsubscribe(DELIVERY_CHANNEL, this.#listener);
    for (const [key, told] of [...this.#told]) this.#tellLatest(key, told);
    for (const { timer } of this.#told.values()) timer[Symbol.dispose]();
  }
}

/** What replaces each other: that a lane is held, and that it is not any more. Bounded by lanes, slots and kinds. */
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
