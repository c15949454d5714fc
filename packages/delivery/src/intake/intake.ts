import type { Destination } from '../frames/frame.js';
import type { Lines } from '../lines/normalize.js';

/** Why points were not accepted. Bounded, so that it can be a metric label. */
export const REFUSED_REASONS = [
  'malformed',
  'too-large',
  'log-full',
  'disk-full',
  'disk-failed',
  'overloaded',
  'shutdown',
  'aborted',
  'own-handover',
  'unknown-lane',
] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** The points were not accepted: whoever offered them still has them. */
export class IntakeError extends Error {
  override readonly name = 'IntakeError';
  readonly code = 'ERR_DELIVERY_INTAKE';
  readonly reason: RefusedReason;
  /** When trying again may help, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: RefusedReason, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface Offer {
  readonly lines: readonly Lines[];
  readonly destination: Destination;
  /** For these lanes only (a hand-over); default: every lane. */
  readonly lanes?: readonly string[];
  /** Gives up while it waits for room; what is being written to disk is not called back. */
  readonly signal?: AbortSignal;
}

export interface IntakeClosure {
  readonly reason: RefusedReason;
  /** In words, for people. */
  readonly message: string;
  readonly retryAfterMs: number;
}

/** The way into the log, and the account of what came: offered = accepted + refused + entering, at every instant. */
export interface Intake {
  /** The ids of the lanes that this process delivers. */
  readonly lanes: readonly string[];
  /** Why it takes nothing at the moment; undefined: it takes what comes. */
  readonly closure: IntakeClosure | undefined;
  /**
   * Resolves when every point is on disk.
   * @throws IntakeError when none of them was accepted; they are counted as refused.
   */
  accept(offer: Offer): Promise<void>;
  /** Counts points that were refused before they could be offered. */
  refuse(reason: RefusedReason, points: number): void;
}
