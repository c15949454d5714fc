import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock, Timer } from '@breakwater/resilience';

const LONGEST_QUIET_MS = 600_000;

/** A line for the log. */
export interface News {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a package says on its channel, and what that means to an operator. */
export interface EventSource<E> {
  readonly channel: string;
  /** For how long nothing more is told of a thing after it was told of, at first; in milliseconds. */
  readonly quietMs: number;
  /** What replaces each other: that something is held, and that it is not any more. As many as there are things. */
  keyOf(event: E): string;
  /** What is the same news again: it is told less and less often. */
  kindOf(event: E): string;
  /** Undefined: nothing that an operator wants to read. */
  newsOf(event: E): News | undefined;
  /** Both as one: the later one, with the sums of both. */
  join(earlier: E, later: E): E;
}

/** What was told of one thing, and what has happened to it since. */
interface Told<E> {
  readonly kind: string;
  readonly atMs: number;
  /** How long nothing more of the same is told. */
  readonly quietMs: number;
  timer: Timer;
  latest: E | undefined;
  events: number;
}

/**
 * Writes what a package says to the log: the first of its kind at once. What follows within a while is one line at its
 * end, with the latest word and the sum, so that the last word on a thing is never left out; what goes on unchanged is
 * told less and less often.
 */
export class EventLog<E> implements Disposable {
  readonly #clock: Clock;
  readonly #write: (news: News) => void;
  readonly #source: EventSource<E>;
  readonly #told = new Map<string, Told<E>>();
  readonly #listener = (event: unknown): void => this.#hear(event as E);

  constructor(clock: Clock, write: (news: News) => void, source: EventSource<E>) {
    this.#clock = clock;
    this.#write = write;
    this.#source = source;
    subscribe(source.channel, this.#listener);
  }

  #hear(event: E): void {
    const news = this.#source.newsOf(event);
    if (news === undefined) return;
    const key = this.#source.keyOf(event);
    const told = this.#told.get(key);
    if (told === undefined) {
      this.#tell(key, event, news, this.#source.quietMs);
      return;
    }
    told.latest = told.latest === undefined ? event : this.#source.join(told.latest, event);
    told.events++;
    if (this.#source.kindOf(event) === told.kind) return;
    // Other news does not wait for as long as more of the same.
    told.timer[Symbol.dispose]();
    this.#await(key, told, told.atMs + this.#source.quietMs - this.#clock.now());
  }

  #await(key: string, told: Told<E>, ms: number): void {
    if (ms <= 0) {
      this.#tellLatest(key, told);
      return;
    }
    told.timer = this.#clock.after(ms, () => this.#tellLatest(key, told));
    told.timer.unref?.();
  }

  #tell(key: string, event: E, news: News, quietMs: number): void {
    this.#write(news);
    const kind = this.#source.kindOf(event);
    const timer = this.#clock.after(quietMs, () => this.#tellLatest(key, told));
    timer.unref?.();
    const told: Told<E> = { kind, atMs: this.#clock.now(), quietMs, timer, latest: undefined, events: 0 };
    this.#told.set(key, told);
  }

  #tellLatest(key: string, { kind, quietMs, timer, latest, events }: Told<E>): void {
    timer[Symbol.dispose]();
    this.#told.delete(key);
    const news = latest && this.#source.newsOf(latest);
    if (latest === undefined || news === undefined) return;
    const isSame = this.#source.kindOf(latest) === kind;
    const nextMs = isSame ? Math.min(2 * quietMs, LONGEST_QUIET_MS) : this.#source.quietMs;
    this.#tell(key, latest, events === 1 ? news : { ...news, fields: { ...news.fields, events } }, nextMs);
  }

  /** Tells what is untold, and hears no more. */
  [Symbol.dispose](): void {
    unsubscribe(this.#source.channel, this.#listener);
    for (const [key, told] of [...this.#told]) this.#tellLatest(key, told);
    for (const { timer } of this.#told.values()) timer[Symbol.dispose]();
  }
}
