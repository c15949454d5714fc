import type { Recorder } from '@breakwater/resilience';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';
import { BOOK_METRICS, EXPIRY_REASONS, type ExpiryReason } from './metrics.js';

/** Where points can go for good, in the order in which they are taken back: see `takeBack`. */
const OUTCOMES = ['released', 'expired', 'handedOver', 'quarantined', 'damaged'] as const;
type Outcome = Exclude<(typeof OUTCOMES)[number], 'expired'>;

interface Tally {
  accepted: number;
  readonly counts: Record<Outcome, number>;
  readonly expired: Record<ExpiryReason, number>;
}

/**
 * What became of a lane's points: each term a counter of its own, over the folder's life, which checkpoints keep, and since
 * this process opened the folder, which is what is measured. A checkpoint is a little older than what was shown last, and a
 * counter that goes back a little has begun anew to Prometheus: all of it would count once more.
 */
export class Ledger {
  readonly #life: Tally;
  readonly #sinceOpened: Tally = {
    accepted: 0,
    counts: { released: 0, quarantined: 0, handedOver: 0, damaged: 0 },
    expired: { size: 0, age: 0, operator: 0 },
  };
  #carried = 0;

  constructor(checkpoint: LaneCheckpoint | undefined) {
    const {
      accepted = 0,
      released = 0,
      quarantined = 0,
      expired = 0,
      handedOver = 0,
      damaged = 0,
    } = checkpoint?.totals ?? {};
    this.#life = {
      accepted,
      counts: { released, quarantined, handedOver, damaged },
      expired: { ...(checkpoint?.expiredBy ?? { size: expired, age: 0, operator: 0 }) },
    };
  }

  /** Somebody has just been told that these are accepted. */
  accept(points: number): void {
    this.#life.accepted += points;
    this.#sinceOpened.accepted += points;
  }

  /** These are in the log, and no checkpoint counts them: another process told somebody that they are accepted. */
  find(points: number): void {
    this.#life.accepted += points;
  }

  /** The log is open: so many points are owed. What was found damaged on the way was owed until then. */
  open(owed: number): void {
    this.#carried = owed + this.#sinceOpened.counts.damaged;
  }

  count(outcome: Outcome, points: number): void {
    this.#life.counts[outcome] += points;
    this.#sinceOpened.counts[outcome] += points;
  }

  expire(reason: ExpiryReason, points: number): void {
    this.#life.expired[reason] += points;
    this.#sinceOpened.expired[reason] += points;
  }

  /** Points that had an outcome are pending again: a checkpoint that had to be short forgot which ones. */
  takeBack(points: number): void {
    const { counts, expired } = this.#life;
    let left = points;
    const take = (from: number) => {
      const taken = Math.min(left, from);
      left -= taken;
      return from - taken;
    };
    for (const outcome of OUTCOMES) {
      if (outcome !== 'expired') counts[outcome] = take(counts[outcome]);
      else for (const reason of EXPIRY_REASONS) expired[reason] = take(expired[reason]);
    }
  }

  /** Over the folder's life. */
  get totals(): LaneTotals {
    const { accepted, counts, expired } = this.#life;
    return { accepted, ...counts, expired: expired.size + expired.age + expired.operator };
  }

  get expiredBy(): Readonly<Record<ExpiryReason, number>> {
    return { ...this.#life.expired };
  }

  measure(record: Recorder, labels: { readonly backend: string; readonly slot: string }): void {
    const { accepted, counts, expired } = this.#sinceOpened;
    record(BOOK_METRICS.carried, labels, this.#carried);
    record(BOOK_METRICS.accepted, labels, accepted);
    for (const [outcome, points] of Object.entries(counts)) record(BOOK_METRICS[outcome as Outcome], labels, points);
    for (const reason of EXPIRY_REASONS) record(BOOK_METRICS.expired, { ...labels, reason }, expired[reason]);
  }
}
