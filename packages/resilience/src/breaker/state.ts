import type { RejectionReason } from '../core/errors.js';
import type { CircuitState, TripCause } from '../core/events.js';

/** Why a circuit refuses a call. */
export type Refusal = Extract<RejectionReason, 'open' | 'probing' | 'shed' | 'isolated'>;

/** Why a circuit leaves a state of itself. */
export type Ending = TripCause | 'recovery-timeout' | 'recovered';

/**
 * What a circuit does with calls while it is in one state. A state knows neither the clock nor the other states: it is
 * told the time, and answers with a cause when it is to be left; the circuit knows where each cause leads. This one lets
 * everything through and counts nothing.
 */
export abstract class State {
  abstract get name(): CircuitState;

  /** Whether the time at which a call starts matters. Where it does not nobody reads the clock, and the state is told 0. */
  get timesStart(): boolean {
    return false;
  }

  /** Whether the time at which a call succeeds matters, likewise. A failure is always told the time. */
  get timesSuccess(): boolean {
    return false;
  }

  /** Why the time that has passed ends this state. Asked before `admit`. */
  due(_nowMs: number): Ending | undefined {
    return undefined;
  }

  /** Lets a call run (undefined), or says why not. */
  admit(_nowMs: number): Refusal | undefined {
    return undefined;
  }

  /** A call that this state admitted went well. */
  success(_nowMs: number, _slow: boolean): Ending | undefined {
    return undefined;
  }

  /** A call that this state admitted failed. */
  failure(_nowMs: number, _slow: boolean): Ending | undefined {
    return undefined;
  }

  /** A call that this state admitted runs no more, whatever became of it. */
  giveBack(): void {}
}
