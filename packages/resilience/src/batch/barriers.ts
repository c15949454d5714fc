interface Barrier {
  readonly order: number;
  left: number;
  readonly resolve: () => void;
}

/** Those who wait until every item up to an order has its outcome, whatever order the outcomes come in. */
export class Barriers {
  readonly #barriers = new Set<Barrier>();

  /** Resolves after `left` items up to `order` have passed. */
  wait(order: number, left: number): Promise<void> {
    if (left === 0) return Promise.resolve();
    return new Promise((resolve) => this.#barriers.add({ order, left, resolve }));
  }

  pass(order: number): void {
    if (this.#barriers.size === 0) return;
    for (const barrier of this.#barriers) {
      if (order > barrier.order || --barrier.left > 0) continue;
      this.#barriers.delete(barrier);
      barrier.resolve();
    }
  }
}
