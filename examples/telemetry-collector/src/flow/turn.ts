import type { Verdict } from '@breakwater/resilience';
import type { ProbeErrorCode, Reading } from '../probes/probe.js';
import type { Target } from '../targets/target.js';

/** How a turn can end: every turn that falls due ends in exactly one of these ways. */
export const TURN_OUTCOMES = [
  // Measured.
  'up',
  // Some operations measured, others failed.
  'partial',
  // Every operation failed.
  'down',
  // An operation had no answer within the target's timeout.
  'timeout',
  // Not run: the target's circuit is open.
  'open',
  // Slow, and every slot of the slow share was taken.
  'slow-share-full',
  // Not run: the target's last turn was still running.
  'overlap',
  // Not run: it could not start before the next turn was nearer.
  'missed',
  // Ended by the collector, which had to stop, or to let go of the target.
  'aborted',
] as const;
export type TurnOutcome = (typeof TURN_OUTCOMES)[number];

/** What a turn failed with: a probe's code, or the outcome where no probe failed. */
export type TurnErrorCode = ProbeErrorCode | TurnOutcome;

export interface TurnError {
  readonly code: TurnErrorCode;
  /** One line of bounded length, without control characters and secrets. */
  readonly message: string;
}

/** One turn of one target, when it is over. */
export interface Turn {
  readonly target: Target;
  /** The instant it was scheduled for, in whole epoch milliseconds: the timestamp of its points. */
  readonly instantMs: number;
  readonly outcome: TurnOutcome;
  /** From the instant to the start of the probe, in milliseconds. */
  readonly delayMs: number;
  /** How long the probe ran, in milliseconds; undefined when it did not run. */
  readonly durationMs: number | undefined;
  readonly error: TurnError | undefined;
  readonly readings: readonly Reading[];
  /** How long the event loop stood still while the probe ran, in milliseconds: above 0 its times say little. */
  readonly stalledMs: number;
}

/** A loop that stood still for this share of the run makes its timeout say nothing about the target. */
const STALLED_SHARE = 0.25;

/** What our own side did wrong says nothing about the target. */
const OUR_FAULT: ReadonlySet<TurnErrorCode> = new Set<TurnErrorCode>(['aborted', 'internal', 'rejected']);

/** What a turn tells the target's breaker. */
export function judgeTurn(turn: Turn): Verdict {
  const { outcome, error } = turn;
  switch (outcome) {
    case 'up':
    case 'partial':
      return 'success';
    case 'timeout':
      return isStalled(turn) ? 'ignore' : 'failure';
    case 'down':
      return error !== undefined && OUR_FAULT.has(error.code) ? 'ignore' : 'failure';
    default:
      return 'ignore';
  }
}

/** Whether it was rather the event loop than the target that took so long. */
export const isStalled = ({ stalledMs, durationMs = 0 }: Turn): boolean =>
  stalledMs > 0 && stalledMs >= durationMs * STALLED_SHARE;
