/** Calls that began in the same period. */
export interface Visits {
  calls: number;
}

/**
 * Says when nothing that runs can still remember an item: when every call that began before it was retired has ended. Two
 * periods of calls, of which only the younger grows, as in read-copy-update: entering and leaving cost an addition each.
 * A call that never ends delays the release, nothing else.
 */
export class Grace<T> {
  readonly #release: (item: T) => void;
  #old: Visits = { calls: 0 };
  #young: Visits = { calls: 0 };
  /** Retired before the younger period began: free when the older one is over. */
  #next = new Set<T>();
  /** Retired since: one period later. */
  #later = new Set<T>();

  constructor(release: (item: T) => void) {
    this.#release = release;
  }

  enter(): Visits {
    this.#young.calls++;
    return this.#young;
  }

  leave(visits: Visits): void {
    visits.calls--;
    if (visits.calls === 0) this.#turn();
  }

  /** Releases `item` when every call that is under way now has ended: at once if there is none. */
  retire(item: T): void {
    this.#next.delete(item);
    this.#later.add(item);
    this.#turn();
  }

  /** Whether `item` was retired and not released yet. */
  holds(item: T): boolean {
    return this.#next.has(item) || this.#later.has(item);
  }

  /** Never releases `item`. */
  forget(item: T): void {
    this.#next.delete(item);
    this.#later.delete(item);
  }

  #turn(): void {
    while (this.#old.calls === 0 && (this.#next.size > 0 || this.#later.size > 0)) {
      const free = this.#next;
      this.#next = this.#later;
      this.#later = new Set();
      const ended = this.#old;
      this.#old = this.#young;
      this.#young = ended;
      for (const item of free) this.#release(item);
    }
  }
}
