import {
  type Clock,
  type Measured,
  type Permit,
  type Recorder,
  RejectedError,
  type Semaphore,
  semaphore,
} from '@breakwater/resilience';
import { telemetryMetrics as METRICS } from '../metrics.js';
import { Slot, type SlotShares } from './slot.js';
import type { Standing } from './standing.js';

/** The part of all slots that slow runs may hold, and the part that targets may hold which hung and are tried again. */
const SHARE = 1 / 4;

// Who has a place in the slow share waits for a slot no longer than it must; who is prompt goes before who is not; a
// run that somebody asked for by hand delays no scheduled one.
const PRIORITY = { slow: 4, prompt: 3, lingering: 2, trial: 1, manual: 0 } as const;

export interface TargetSlotsOptions {
  /** How many targets are measured at once. */
  slots: number;
  clock: Clock;
}

export interface EnterOptions {
  /** When the wait ends, in monotonic milliseconds of the clock. */
  readonly startBy: number;
  /** Asked for by hand: scheduled turns go first. */
  readonly manual?: boolean;
  readonly signal: AbortSignal;
}

/** Every place of the slow share was taken. */
export class SlowShareFullError extends Error {
  override readonly name = 'SlowShareFullError';
}

/**
 * The target slots. A run that takes more than a second goes on in the slow share, a quarter of all, or ends when that is
 * full; so three quarters always serve the rest. A target that hung starts in the slow share, in turn with the others
 * there (who had all of its time longest ago comes first), or, if a place comes free there sooner, in the trial share,
 * where it has a second to show that it is well again (who answered most lately comes first). That is a quarter too, and
 * waits for slots behind all prompt targets. `starvation.test.ts` holds this to 2,000 targets.
 */
export class TargetSlots implements Measured {
  readonly total: number;
  readonly slowTotal: number;
  readonly #all: Semaphore;
  readonly #slow: Semaphore;
  readonly #trial: Semaphore;
  #moved = 0;

  constructor({ slots, clock }: TargetSlotsOptions) {
    this.total = slots;
    // With fewer than four slots there is no quarter to give: a slow run may still take one of them.
    this.slowTotal = Math.max(1, Math.floor(slots * SHARE));
    const maxQueue = Number.POSITIVE_INFINITY; // a target waits once at most, so the targets file bounds it
    this.#all = semaphore({ name: 'target-slots', permits: slots, maxQueue, clock });
    this.#slow = semaphore({ name: 'slow-share', permits: this.slowTotal, maxQueue, clock });
    this.#trial = semaphore({ name: 'trial-share', permits: this.slowTotal, maxQueue, clock });
  }

  get inUse(): number {
    return this.#all.inUse;
  }

  get slowInUse(): number {
    return this.#slow.inUse;
  }

  get trialInUse(): number {
    return this.#trial.inUse;
  }

  /**
   * Waits for a slot.
   * @throws SlowShareFullError when the target hung, and no place came free in time in either share.
   * @throws RejectedError when no slot came free in time, or the signal was aborted.
   */
  async enter(standing: Standing, options: EnterOptions): Promise<Slot> {
    const { pace } = standing;
    const shares = pace === 'hanging' ? await this.#shareFor(standing, options) : {};
    try {
      return new Slot(
        await this.#acquire(this.#all, options, priorityOf(pace, shares, options)),
        shares,
        this.#trySlow,
      );
    } catch (error) {
      shares.slow?.ignore();
      shares.trial?.ignore();
      throw error;
    }
  }

  /** A place in the slow share or in the trial share, whichever is to be had first. */
  async #shareFor(standing: Standing, options: EnterOptions): Promise<SlotShares> {
    const leave = new AbortController();
    const either = { ...options, signal: AbortSignal.any([options.signal, leave.signal]) };
    const slow = this.#acquire(this.#slow, either, -standing.lastVerdictMs).then((place) => ({ slow: place }));
    const trial = this.#acquire(this.#trial, either, standing.lastAnswerMs).then((place) => ({ trial: place }));
    let first: SlotShares | undefined;
    try {
      first = await Promise.any<SlotShares>([slow, trial]);
      return first;
    } catch (error) {
      throw this.#refusal(error as AggregateError);
    } finally {
      leave.abort();
      // Both may have come at once.
      slow.then((share) => share !== first && share.slow.ignore()).catch(() => {});
      trial.then((share) => share !== first && share.trial.ignore()).catch(() => {});
    }
  }

  #refusal({ errors }: AggregateError): Error {
    const error = errors[0] as Error;
    if (!(error instanceof RejectedError) || error.reason === 'aborted') return error;
    const shares = `${this.slowTotal} of ${this.total} slots`;
    return new SlowShareFullError(
      `it hung last time, and the slow share and the trial share (${shares} each) stayed full`,
    );
  }

  #acquire(places: Semaphore, { startBy, signal }: EnterOptions, priority: number): Promise<Permit> {
    return places.acquire({ deadline: startBy, priority, signal });
  }

  readonly #trySlow = (): Permit | undefined => {
    const place = this.#slow.tryAcquire();
    if (place !== undefined) this.#moved++;
    return place;
  };

  measure(record: Recorder): void {
    for (const places of [this.#all, this.#slow, this.#trial]) places.measure(record);
    record(METRICS.slowRuns, {}, this.#moved);
  }
}

function priorityOf(pace: Standing['pace'], { slow, trial }: SlotShares, { manual }: EnterOptions): number {
  if (slow !== undefined) return PRIORITY.slow;
  if (trial !== undefined) return PRIORITY.trial;
  if (manual === true) return PRIORITY.manual;
  return pace === 'prompt' ? PRIORITY.prompt : PRIORITY.lingering;
}
