interface Barrier {
  readonly epoch: number;
  left: number;
  readonly resolve: () => void;
}

/** Those who wait until every item of an epoch and those before it has its outcome, in whatever order outcomes come. */
export class Barriers {
  readonly #barriers = new Set<Barrier>();

  /** Resolves after `left` items up to `epoch` have passed. */
  wait(epoch: number, left: number): Promise<void> {
    if (left === 0) return Promise.resolve();
    return new Promise((resolve) => this.#barriers.add({ epoch, left, resolve }));
  }

  pass(epoch: number, items: number): void {
    if (this.#barriers.size === 0) return;
    for (const barrier of this.#barriers) {
      if (epoch > barrier.epoch) continue;
      barrier.left -= items;
      if (barrier.left > 0) continue;
      this.#barriers.delete(barrier);
      barrier.resolve();
    }
  }
}
