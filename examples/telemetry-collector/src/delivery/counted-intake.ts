import type { Intake, IntakeClosure, Offer, RefusedReason } from '@breakwater/delivery';

/** The way into the log, with the number of points that it has taken from everybody. */
export class CountedIntake implements Intake {
  readonly #intake: Intake;
  #points = 0;

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  /** Accepted so far. */
  get points(): number {
    return this.#points;
  }

  get lanes(): readonly string[] {
    return this.#intake.lanes;
  }

  get closure(): IntakeClosure | undefined {
    return this.#intake.closure;
  }

  async accept(offer: Offer): Promise<void> {
    await this.#intake.accept(offer);
    for (const { points } of offer.lines) this.#points += points;
  }

  refuse(reason: RefusedReason, points: number): void {
    this.#intake.refuse(reason, points);
  }
}
