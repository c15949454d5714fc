import { byCodeUnits, sameIds } from './standing.js';

/**
 * Which members one takes for alive: those that the store lists, and for a while those that it forgot, since they still
 * hold what they had until the leases that it forgot are over.
 */
export class View {
  readonly self: string;
  /** Sorted; itself always among them. */
  ids: readonly string[];
  #listed: readonly string[] = [];
  /** Until when a member that the store forgot counts, on the monotonic clock. */
  readonly #carried = new Map<string, number>();
  /** Whom it takes for dead though the store, when it was asked last, listed them. */
  readonly #presumedDead = new Set<string>();

  constructor(self: string) {
    this.self = self;
    this.ids = [self];
  }

  /** Whether it counts on members that the store does not list. */
  get carries(): boolean {
    return this.#carried.size > 0;
  }

  /** When the next of them counts no longer; Infinity: there are none. */
  get carryEndsMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#carried.values());
  }

  get presumedDead(): number {
    return this.#presumedDead.size;
  }

  /** Their leases, as last known, are over, and the store cannot be asked whether they were renewed. */
  presumeDead(ids: readonly string[]): void {
    for (const id of ids) if (id !== this.self) this.#presumedDead.add(id);
    this.#renew();
  }

  /** The store was asked: whoever it lists is alive. */
  presumeNobody(): void {
    if (this.#presumedDead.size === 0) return;
    this.#presumedDead.clear();
    this.#renew();
  }

  list(ids: readonly string[]): void {
    this.#listed = ids;
    for (const id of ids) this.#carried.delete(id);
    this.#renew();
  }

  /** The store has forgotten something: whoever it does not list any more may still have its lease until then. */
  carry(untilMs: number): void {
    for (const id of this.ids) if (id !== this.self) this.#carried.set(id, untilMs);
  }

  /** @returns when the last of those counted that do not any more; undefined: nothing changed. */
  expire(nowMs: number): number | undefined {
    let ended: number | undefined;
    for (const [id, untilMs] of this.#carried) {
      if (untilMs > nowMs) continue;
      this.#carried.delete(id);
      ended = Math.max(ended ?? untilMs, untilMs);
    }
    if (ended !== undefined) this.#renew();
    return ended;
  }

  forget(): void {
    this.#carried.clear();
    this.#presumedDead.clear();
    this.#renew();
  }

  #renew(): void {
    const known = new Set([this.self, ...this.#listed, ...this.#carried.keys()]);
    for (const id of this.#presumedDead) known.delete(id);
    const ids = [...known].sort(byCodeUnits);
    // The same list stays the same object: whoever compares sees that nothing changed.
    if (!sameIds(ids, this.ids)) this.ids = ids;
  }
}
