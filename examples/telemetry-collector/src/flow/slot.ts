import type { Permit } from '@breakwater/resilience';

/** The place that a run has in one of the shares, beside its place among all slots. */
export interface SlotShares {
  readonly slow?: Permit;
  readonly trial?: Permit;
}

/** A slot for one run. */
export class Slot {
  readonly #place: Permit;
  readonly #trial: Permit | undefined;
  readonly #trySlow: () => Permit | undefined;
  #slow: Permit | undefined;

  constructor(place: Permit, { slow, trial }: SlotShares, trySlow: () => Permit | undefined) {
    this.#place = place;
    this.#slow = slow;
    this.#trial = trial;
    this.#trySlow = trySlow;
  }

  /** Moves a run that has become slow into the slow share. False: the share is full, and the run has to end. */
  linger(): boolean {
    this.#slow ??= this.#trySlow();
    if (this.#slow === undefined) return false;
    this.#trial?.ignore();
    return true;
  }

  leave(): void {
    this.#place.ignore();
    this.#slow?.ignore();
    this.#trial?.ignore();
  }
}
