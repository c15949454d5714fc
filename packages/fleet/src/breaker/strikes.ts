import { LONGEST_KEY, MOST_HINTS, type Say } from './hint-store.js';

/** Strikes that stand, and as many that were taken back. */
const MOST_NEWS = 2 * MOST_HINTS;

interface Strike {
  endsMs: number;
  /** Until when the circuit here is open of itself. */
  openUntilMs: number;
  attempts: number;
  /** Until when the store was told that it stands; 0: it was not told. */
  saidMs: number;
}

/** What one replica holds against keys, and which of it the store does not know yet. */
export class Strikes {
  readonly #strikes = new Map<string, Strike>();
  /** Keys with news, and a number that changes with each piece of news. */
  readonly #news = new Map<string, number>();
  #revision = 0;
  /** Keys that are too long, or too many. */
  unshared = 0;

  get hasNews(): boolean {
    return this.#news.size > 0;
  }

  get isEmpty(): boolean {
    return this.#strikes.size === 0;
  }

  /** Until when the key's circuit is open of itself. */
  openUntilMs(key: string): number {
    return this.#strikes.get(key)?.openUntilMs ?? 0;
  }

  keys(): IterableIterator<string> {
    return this.#strikes.keys();
  }

  /** Returns whether the store should hear of it soon. */
  add(
    key: string,
    nowMs: number,
    { forMs, openMs, attempts }: { forMs: number; openMs: number; attempts: number },
  ): boolean {
    const endsMs = nowMs + forMs;
    const present = this.#strikes.get(key);
    if (present === undefined && (key.length > LONGEST_KEY || this.#strikes.size >= MOST_HINTS)) {
      this.unshared++;
      return false;
    }
    const strike = present ?? { endsMs: 0, openUntilMs: 0, attempts: 1, saidMs: 0 };
    this.#strikes.set(key, strike);
    strike.endsMs = Math.max(strike.endsMs, endsMs);
    strike.attempts = attempts;
    if (openMs > 0) strike.openUntilMs = nowMs + openMs;
    // Each failure renews it; the store need not hear of every one.
    const known = openMs === 0 && strike.saidMs - nowMs > forMs / 2;
    if (!known) this.#news.set(key, ++this.#revision);
    return !known;
  }

  /** Returns whether the store should hear of it. */
  takeBack(key: string): boolean {
    if (!this.#strikes.delete(key)) return false;
    // While the store is lost it hears of nothing: what finds no room ends there by itself.
    if (this.#news.size > MOST_NEWS) {
      this.#news.delete(key);
      return false;
    }
    this.#news.set(key, ++this.#revision);
    return true;
  }

  /** The store has dropped it of itself. */
  forget(key: string): void {
    this.#strikes.delete(key);
    this.#news.delete(key);
  }

  /** The store has lost everything. */
  sayAllAnew(): void {
    for (const key of this.#strikes.keys()) this.#news.set(key, ++this.#revision);
  }

  /** What the store does not know, and what to call when it does. `defaultOpenMs`: for keys that are not open here. */
  says(most: number, nowMs: number, defaultOpenMs: number): { says: Say[]; said: () => void } {
    // The store drops it of itself, too.
    for (const [key, { endsMs }] of this.#strikes) if (endsMs <= nowMs) this.forget(key);
    const says: Say[] = [];
    const told: [key: string, revision: number][] = [];
    for (const [key, revision] of this.#news) {
      if (says.length === most) break;
      const strike = this.#strikes.get(key);
      told.push([key, revision]);
      if (strike === undefined) says.push({ verb: 'relief', key });
      else {
        const { endsMs, openUntilMs, attempts } = strike;
        const openMs = Math.ceil(openUntilMs === 0 ? defaultOpenMs : Math.max(0, openUntilMs - nowMs));
        says.push({ verb: 'strike', key, forMs: Math.ceil(endsMs - nowMs), openMs, attempts });
      }
    }
    const said = () => {
      for (const [key, revision] of told) {
        if (this.#news.get(key) === revision) this.#news.delete(key);
        const strike = this.#strikes.get(key);
        if (strike !== undefined) strike.saidMs = strike.endsMs;
      }
    };
    return { says, said };
  }
}
