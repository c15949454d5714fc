import type { PermitStore } from './permit-store.js';

/** Jobs that are asked for at once. */
const MOST_ASKED = 256;

/** Jobs that a store was asked for and that have not come, by weight. */
export class Asked {
  readonly #counts = new Map<number, number>();

  /** One of them has come. */
  came(weight: number): void {
    this.#counts.set(weight, Math.max(0, this.#of(weight) - 1));
  }

  /** Asks for what those need who wait, in their order, unless that is more than there can be. */
  ask(store: PermitStore, waiting: () => Iterable<number>, concurrent: number, holdMs: number): void {
    this.#takeBack(store, waiting, concurrent);
    const most = Math.min(MOST_ASKED, concurrent);
    const needed = new Map<number, number>();
    let asked = 0;
    for (const count of this.#counts.values()) asked += count;
    let seen = 0;
    for (const weight of waiting()) {
      if (weight > concurrent) continue;
      if (asked >= most || seen++ >= most) return;
      const need = (needed.get(weight) ?? 0) + 1;
      needed.set(weight, need);
      const already = this.#of(weight);
      if (need <= already) continue;
      this.#counts.set(weight, already + 1);
      asked++;
      store.request(weight, holdMs);
    }
  }

  /** What nobody waits for any more: whoever waits for fewer would stand behind it although there are permits. */
  #takeBack(store: PermitStore, waiting: () => Iterable<number>, concurrent: number): void {
    const heavy = [...this.#counts].filter(([weight, count]) => weight > 1 && count > 0);
    if (heavy.length === 0) return;
    const needed = new Map<number, number>();
    for (const weight of waiting()) if (weight <= concurrent) needed.set(weight, (needed.get(weight) ?? 0) + 1);
    for (const [weight, count] of heavy) {
      for (let spare = count - (needed.get(weight) ?? 0); spare > 0 && store.takeBack(weight); spare--)
        this.came(weight);
    }
  }

  #of(weight: number): number {
    return this.#counts.get(weight) ?? 0;
  }
}
