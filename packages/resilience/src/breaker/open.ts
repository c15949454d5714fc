import type { TripCause } from '../core/events.js';
import { type Ending, type Refusal, State } from './state.js';

/** Nothing runs until the recovery time has passed; the first call after it begins to probe. */
export class Open extends State {
  readonly cause: TripCause;
  readonly openedAtMs: number;
  readonly untilMs: number;
  /** How many times in a row the circuit has opened without closing in between; 1 the first time. */
  readonly attempts: number;

  constructor(cause: TripCause, openedAtMs: number, untilMs: number, attempts: number) {
    super();
    this.cause = cause;
    this.openedAtMs = openedAtMs;
    this.untilMs = untilMs;
    this.attempts = attempts;
  }

  override get name(): 'open' {
    return 'open';
  }

  override get timesStart(): boolean {
    return true;
  }

  retryAfterMs(nowMs: number): number {
    return Math.max(0, this.untilMs - nowMs);
  }

  override due(nowMs: number): Ending | undefined {
    return nowMs >= this.untilMs ? 'recovery-timeout' : undefined;
  }

  override admit(): Refusal {
    return 'open';
  }
}
