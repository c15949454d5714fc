import type { Measured, Recorder } from '@breakwater/resilience';
import { REFUSED_REASONS, type RefusedReason } from './intake.js';
import { INTAKE_METRICS } from './metrics.js';

/** Points by what became of them since the process started. */
export interface IntakeTotals {
  readonly offered: number;
  readonly accepted: number;
  readonly entering: number;
  readonly refused: ReadonlyMap<RefusedReason, number>;
}

/** What became of every point that was offered: offered = accepted + refused + entering, each a counter of its own. */
export class IntakeAccount implements Measured {
  #offered = 0;
  #accepted = 0;
  #entering = 0;
  readonly #refused = new Map<RefusedReason, number>(REFUSED_REASONS.map((reason) => [reason, 0]));

  get totals(): IntakeTotals {
    return { offered: this.#offered, accepted: this.#accepted, entering: this.#entering, refused: this.#refused };
  }

  /** Points ask for the disk. */
  enter(points: number): void {
    this.#offered += points;
    this.#entering += points;
  }

  /** Points that entered are on disk. */
  accept(points: number): void {
    this.#entering -= points;
    this.#accepted += points;
  }

  /** Points that entered are turned away. */
  turnAway(reason: RefusedReason, points: number): void {
    this.#entering -= points;
    this.#refused.set(reason, this.#refused.get(reason)! + points);
  }

  /** Points that never entered are refused. */
  refuse(reason: RefusedReason, points: number): void {
    this.#offered += points;
    this.#refused.set(reason, this.#refused.get(reason)! + points);
  }

  measure(record: Recorder): void {
    record(INTAKE_METRICS.offered, {}, this.#offered);
    record(INTAKE_METRICS.accepted, {}, this.#accepted);
    record(INTAKE_METRICS.entering, {}, this.#entering);
    for (const [reason, points] of this.#refused) record(INTAKE_METRICS.refused, { reason }, points);
  }
}
