/** Why a policy refused to run an operation. */
export type RejectionReason =
  | 'open'
  | 'probing'
  | 'queue-full'
  | 'queue-timeout'
  | 'shed'
  | 'budget'
  | 'deadline'
  | 'aborted'
  | 'shutdown'
  | 'isolated';

export interface RejectionDetails {
  /** When trying again may help, in milliseconds from now. */
  retryAfterMs?: number;
  cause?: unknown;
}

const MEANING: Record<RejectionReason, string> = {
  open: 'its circuit is open',
  probing: 'its circuit is half-open and every probe is taken',
  'queue-full': 'its queue is full',
  'queue-timeout': 'no permit came free in time',
  shed: 'it sheds load',
  budget: 'its budget is used up',
  deadline: 'the deadline cannot be met',
  aborted: 'the caller aborted',
  shutdown: 'it is shut down',
  isolated: 'it is isolated by hand',
};

/** Runs `make` without stack capture: a refusal must cost little when everything is refused, and its stack says nothing its policy does not. */
function withoutStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** A policy refused: the operation did not run. */
export class RejectedError extends Error {
  override readonly name = 'RejectedError';
  readonly code = 'ERR_BREAKWATER_REJECTED';
  readonly policy: string;
  readonly reason: RejectionReason;
  readonly retryAfterMs: number | undefined;
  /** @internal The call that was refused, so that outer policies of the same pipeline know their own kind. */
  readonly origin: number;

  constructor(policy: string, reason: RejectionReason, details: RejectionDetails = {}, origin = 0) {
    const hint = details.retryAfterMs === undefined ? '' : ` (retry after ${Math.ceil(details.retryAfterMs)} ms)`;
    const options = details.cause === undefined ? undefined : { cause: details.cause };
    super(`${policy} rejected the call: ${MEANING[reason]}${hint}`, options);
    this.policy = policy;
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
    this.origin = origin;
  }

  /** @internal */
  static of(policy: string, reason: RejectionReason, details?: RejectionDetails, origin?: number): RejectedError {
    return withoutStack(() => new RejectedError(policy, reason, details, origin));
  }
}

/** The operation ran, and had not settled in time. It may still be running: its signal was aborted. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ERR_BREAKWATER_TIMEOUT';
  readonly policy: string;
  readonly timeoutMs: number;
  /** The event loop stood still for a quarter of the wait or more: no evidence against the other side. */
  readonly stalled: boolean;

  constructor(policy: string, timeoutMs: number, stalled = false) {
    const blame = stalled ? ', while the event loop was stalled' : '';
    super(`${policy}: no result after ${Math.round(timeoutMs)} ms${blame}`);
    this.policy = policy;
    this.timeoutMs = timeoutMs;
    this.stalled = stalled;
  }

  /** @internal */
  static of(policy: string, timeoutMs: number, stalled: boolean): TimeoutError {
    return withoutStack(() => new TimeoutError(policy, timeoutMs, stalled));
  }
}

/** An option or environment variable that cannot be used. The message names it, its value, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'ERR_BREAKWATER_CONFIG';
}
