import type { Recorder } from '@breakwater/resilience';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';
import { BOOK_METRICS, EXPIRY_REASONS, type ExpiryReason } from './metrics.js';

/** Where points can go for good, in the order in which they are taken back: see `takeBack`. */
const OUTCOMES = ['released', 'expired', 'handedOver', 'quarantined', 'damaged'] as const;
type Outcome = Exclude<(typeof OUTCOMES)[number], 'expired'>;

/** What became of a lane's points, over the folder's life: each term a counter of its own. */
export class Ledger {
  accepted: number;
  readonly #counts: Record<Outcome, number>;
  readonly #expired: Record<ExpiryReason, number>;

  constructor(checkpoint: LaneCheckpoint | undefined) {
    const {
      accepted = 0,
      released = 0,
      quarantined = 0,
      expired = 0,
      handedOver = 0,
      damaged = 0,
    } = checkpoint?.totals ?? {};
    this.accepted = accepted;
    this.#counts = { released, quarantined, handedOver, damaged };
    this.#expired = { ...(checkpoint?.expiredBy ?? { size: expired, age: 0, operator: 0 }) };
  }

  count(outcome: Outcome, points: number): void {
    this.#counts[outcome] += points;
  }

  expire(reason: ExpiryReason, points: number): void {
    this.#expired[reason] += points;
  }

  /** Points that had an outcome are pending again: a checkpoint that had to be short forgot which ones. */
  takeBack(points: number): void {
    let left = points;
    const take = (from: number) => {
      const taken = Math.min(left, from);
      left -= taken;
      return from - taken;
    };
    for (const outcome of OUTCOMES) {
      if (outcome !== 'expired') this.#counts[outcome] = take(this.#counts[outcome]);
      else for (const reason of EXPIRY_REASONS) this.#expired[reason] = take(this.#expired[reason]);
    }
  }

  get totals(): LaneTotals {
    const { size, age, operator } = this.#expired;
    return { accepted: this.accepted, ...this.#counts, expired: size + age + operator };
  }

  get expiredBy(): Readonly<Record<ExpiryReason, number>> {
    return { ...this.#expired };
  }

  measure(record: Recorder, labels: { readonly backend: string; readonly slot: string }): void {
    record(BOOK_METRICS.accepted, labels, this.accepted);
    for (const [outcome, points] of Object.entries(this.#counts)) {
      record(BOOK_METRICS[outcome as Outcome], labels, points);
    }
    for (const reason of EXPIRY_REASONS) record(BOOK_METRICS.expired, { ...labels, reason }, this.#expired[reason]);
  }
}
