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

/**
 * What a target's last run tells about its next. *prompt*: it ended within a second, or never ran. *lingering*: it took
 * longer and was answered. *hanging*: it timed out, or was ended because the slow share was full.
 */
export type Pace = 'prompt' | 'lingering' | 'hanging';

/** A run of this many milliseconds is slow. */
export const SLOW_AFTER_MS = 1_000;
/** The part of all slots that slow runs may hold. */
const SLOW_SHARE = 1 / 4;

// Who has a place in the slow share waits for a slot no longer than it must; who is prompt goes before who is not; a
// run that somebody asked for by hand delays no scheduled one.
const PRIORITY = { slow: 3, prompt: 2, lingering: 1, manual: 0 } as const;

export interface TargetSlotsOptions {
  /** How many targets are measured at once. */
  slots: number;
  clock: Clock;
}

export interface EnterOptions {
  /** When the wait ends, in monotonic milliseconds of the clock. */
  readonly startBy: number;
  /** When the target ran last, in monotonic milliseconds: of those that hang, who waited longest goes first. */
  readonly lastRunMs: number;
  /** Asked for by hand: scheduled turns go first. */
  readonly manual?: boolean;
  readonly signal?: AbortSignal;
}

/** A slot for one run: one place among all, and, while the run is slow, one place in the slow share. */
export class Slot {
  readonly #slots: TargetSlots;
  readonly #place: Permit;
  #slowPlace: Permit | undefined;

  /** @internal */
  constructor(slots: TargetSlots, place: Permit, slowPlace: Permit | undefined) {
    this.#slots = slots;
    this.#place = place;
    this.#slowPlace = slowPlace;
  }

  /** Moves a run that has become slow into the slow share. False: the share is full, and the run has to end. */
  linger(): boolean {
    this.#slowPlace ??= this.#slots.trySlow();
    return this.#slowPlace !== undefined;
  }

  leave(): void {
    this.#place.ignore();
    this.#slowPlace?.ignore();
  }
}

/** Every place of the slow share was taken. */
export class SlowShareFullError extends Error {
  override readonly name = 'SlowShareFullError';
}

/**
 * The target slots. Slow runs hold at most a quarter of them, so that three quarters always serve the rest: a target
 * costs those at most one second once when it begins to hang, and nothing while it goes on hanging, because it then
 * starts in the slow share, in turn with the others there. `starvation.test.ts` holds it to that, with 2,000 targets.
 */
export class TargetSlots implements Measured {
  readonly total: number;
  readonly slowTotal: number;
  readonly #all: Semaphore;
  readonly #slow: Semaphore;
  #moved = 0;

  constructor({ slots, clock }: TargetSlotsOptions) {
    this.total = slots;
    // With fewer than four slots there is no quarter to give: a slow run may still take one of them.
    this.slowTotal = Math.max(1, Math.floor(slots * SLOW_SHARE));
    const maxQueue = Number.POSITIVE_INFINITY; // a target waits once at most, so the targets file bounds it
    this.#all = semaphore({ name: 'target-slots', permits: slots, maxQueue, clock });
    this.#slow = semaphore({ name: 'slow-share', permits: this.slowTotal, maxQueue, clock });
  }

  get inUse(): number {
    return this.#all.inUse;
  }

  get slowInUse(): number {
    return this.#slow.inUse;
  }

  /**
   * Waits for a slot.
   * @throws SlowShareFullError when the target hangs and no place of the slow share came free in time.
   * @throws RejectedError when no slot came free in time, or the signal was aborted.
   */
  async enter(pace: Pace, options: EnterOptions): Promise<Slot> {
    if (pace !== 'hanging') {
      const priority = options.manual === true ? PRIORITY.manual : PRIORITY[pace];
      return new Slot(this, await this.#acquire(this.#all, options, priority), undefined);
    }
    const slowPlace = await this.#enterSlow(options);
    try {
      return new Slot(this, await this.#acquire(this.#all, options, PRIORITY.slow), slowPlace);
    } catch (error) {
      slowPlace.ignore();
      throw error;
    }
  }

  async #enterSlow(options: EnterOptions): Promise<Permit> {
    try {
      return await this.#acquire(this.#slow, options, -options.lastRunMs);
    } catch (error) {
      if (!(error instanceof RejectedError) || error.reason === 'aborted') throw error;
      throw new SlowShareFullError(
        `it hung last time, and the slow share (${this.slowTotal} of ${this.total} slots) stayed full`,
      );
    }
  }

  #acquire(places: Semaphore, { startBy, signal }: EnterOptions, priority: number): Promise<Permit> {
    return places.acquire({ deadline: startBy, priority, ...(signal !== undefined && { signal }) });
  }

  /** @internal */
  trySlow(): Permit | undefined {
    const place = this.#slow.tryAcquire();
    if (place !== undefined) this.#moved++;
    return place;
  }

  measure(record: Recorder): void {
    this.#all.measure(record);
    this.#slow.measure(record);
    record(METRICS.slowRuns, {}, this.#moved);
  }
}
