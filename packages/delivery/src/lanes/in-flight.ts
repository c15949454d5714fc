import type { Limit } from './limit.js';

/** Fresh data goes first; backlog leaves it one request free. */
export type Freshness = 'fresh' | 'backlog';

/** The requests under way to one backend, and whether there is room for more. */
export class InFlight {
  readonly #limit: Limit;
  readonly #counts: Record<Freshness, number> = { fresh: 0, backlog: 0 };

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#counts.fresh + this.#counts.backlog;
  }

  hasRoom(freshness: Freshness): boolean {
    const { limit } = this.#limit;
    if (this.count >= limit) return false;
    return freshness === 'fresh' || this.#counts.backlog < Math.max(1, limit - 1);
  }

  /** Takes a place until it is disposed of. */
  enter(freshness: Freshness, onLeft: () => void): Disposable {
    this.#counts[freshness]++;
    let entered = true;
    return {
      [Symbol.dispose]: () => {
        if (!entered) return;
        entered = false;
        this.#counts[freshness]--;
        onLeft();
      },
    };
  }
}
