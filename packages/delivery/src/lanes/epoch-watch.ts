import type { Clock, Timer } from '@breakwater/resilience';
import type { Backend } from '../backend/backend.js';
import { publish } from '../events/events.js';
import type { Observation } from './ack-hold.js';
import { RunHistory } from './run-history.js';

const POLL_MS = 1_000;
// A restart, with all that it has to load, takes less.
const LONG_SILENCE_MS = 60_000;

export interface EpochWatchOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether anybody still has to know. */
  readonly isNeeded: () => boolean;
  /** Whether writes fail at the moment. */
  readonly isFailing: () => boolean;
  readonly onObservation: (observation: Observation) => void;
}

/** Asks about every second which run of the backend answers, for as long as somebody has to know. */
export class EpochWatch {
  readonly #options: EpochWatchOptions;
  readonly #history = new RunHistory();
  #epoch: number | undefined;
  #answered = false;
  /** When it was asked first without an answer after one that said which run it is. */
  #silentSinceMs: number | undefined;
  #asking = false;
  #timer: Timer | undefined;

  constructor(options: EpochWatchOptions) {
    this.#options = options;
  }

  /** What was last seen; undefined also while runs alternate. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** It was asked, and has never said, or not any more, or nothing that can be relied on. */
  get isUnknown(): boolean {
    return this.#epoch === undefined && this.#answered;
  }

  /** Whether there is an answer to go by, if only that the backend does not say. */
  get isReady(): boolean {
    return this.#epoch !== undefined || this.#answered;
  }

  /** What did not say may say now. */
  doubt(): void {
    this.#answered = false;
  }

  /** It has stored what it was sent then: one that says no more which run it is for so long will not. */
  stored(sentMs: number): void {
    if (this.#silentSinceMs === undefined || sentMs - this.#silentSinceMs < LONG_SILENCE_MS) return;
    this.#epoch = undefined;
  }

  /** Somebody has to know: asks at once where nothing is known, and keeps asking. */
  wake(): void {
    if (this.#asking) return;
    if (this.isReady) this.#askLater();
    else {
      this.stop();
      void this.#ask();
    }
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  async #ask(): Promise<void> {
    const { backend, clock, timeoutMs, isNeeded, onObservation } = this.#options;
    this.#asking = true;
    const askedMs = clock.now();
    const controller = new AbortController();
    const timer = clock.after(timeoutMs, () => controller.abort());
    const epoch = await backend.epoch(controller.signal).catch(() => undefined);
    timer[Symbol.dispose]();
    this.#asking = false;
    this.#answered = true;
    if (epoch !== undefined) this.#see(epoch);
    else if (this.#epoch !== undefined) this.#silentSinceMs ??= askedMs;
    if (isNeeded()) this.#askLater();
    onObservation({ askedMs, ...this.#seen(epoch), ...(this.#options.isFailing() ? { fails: true } : {}) });
  }

  #seen(epoch: number | undefined): Omit<Observation, 'askedMs' | 'fails'> {
    if (this.#history.alternates) return { epoch: undefined, alternates: true };
    const silentSinceMs = this.#epoch === undefined ? this.#silentSinceMs : undefined;
    return silentSinceMs === undefined ? { epoch } : { epoch, silentSinceMs };
  }

  #see(epoch: number): void {
    const { backend, clock } = this.#options;
    const isNews = this.#history.see(epoch, clock.now());
    this.#silentSinceMs = undefined;
    this.#epoch = this.#history.alternates ? undefined : epoch;
    if (!isNews) return;
    const error = new Error('an earlier start time came back: several servers answer in turn behind this address');
    publish({
      type: 'trouble',
      what: `restarts of ${backend.id} go unnoticed; give each server its own address`,
      error,
    });
  }

  #askLater(): void {
    const { clock, isNeeded } = this.#options;
    this.#timer ??= clock.after(POLL_MS, () => {
      this.#timer = undefined;
      if (isNeeded()) void this.#ask();
    });
  }
}
