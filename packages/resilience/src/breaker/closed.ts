import { createWindow } from './create-window.js';
import { rateCause } from './rates.js';
import type { CircuitSettings } from './settings.js';
import { type Ending, type Refusal, State } from './state.js';
import type { Window } from './window.js';

/** Of the calls, the share that a ramp-up admits at its beginning. */
const FIRST_SHARE = 0.1;

/** Everything runs, and is counted, until a trip rule has seen enough. After a recovery a growing share runs first. */
export class Closed extends State {
  readonly #settings: CircuitSettings;
  readonly #window: Window | undefined;
  #failures: number;
  #rampFromMs: number | undefined;

  /** @param rampFromMs when the circuit closed, if it is to be ramped up */
  constructor(settings: CircuitSettings, rampFromMs?: number, failures = 0) {
    super();
    this.#settings = settings;
    this.#window = settings.window && createWindow(settings.window);
    this.#failures = failures;
    this.#rampFromMs = settings.rampUpMs > 0 ? rampFromMs : undefined;
  }

  override get name(): 'closed' {
    return 'closed';
  }

  override get timesStart(): boolean {
    return this.#settings.timesCalls || this.#rampFromMs !== undefined;
  }

  /** With a window a success can trip, and then the circuit must know since when it is open. */
  override get timesSuccess(): boolean {
    return this.#window !== undefined;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether this is what a new circuit would be: nothing is lost when it is forgotten. */
  get atRest(): boolean {
    return this.#failures === 0 && this.#window === undefined && this.#rampFromMs === undefined;
  }

  override admit(nowMs: number): Refusal | undefined {
    if (this.#rampFromMs === undefined) return undefined;
    const grown = (nowMs - this.#rampFromMs) / this.#settings.rampUpMs;
    if (grown >= 1) {
      this.#rampFromMs = undefined;
      return undefined;
    }
    return this.#settings.random() < FIRST_SHARE + (1 - FIRST_SHARE) * grown ? undefined : 'shed';
  }

  override success(nowMs: number, slow: boolean): Ending | undefined {
    this.#failures = 0;
    return this.#record(nowMs, false, slow);
  }

  override failure(nowMs: number, slow: boolean): Ending | undefined {
    this.#failures++;
    const cause = this.#record(nowMs, true, slow);
    return this.#failures >= this.#settings.failureThreshold ? 'failures' : cause;
  }

  #record(nowMs: number, failed: boolean, slow: boolean): Ending | undefined {
    if (this.#window === undefined) return undefined;
    this.#window.record(nowMs, failed, slow);
    return rateCause(this.#settings.rates, this.#window);
  }
}
