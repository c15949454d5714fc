import type { Call } from '../core/call.js';
import type { RejectedError, RejectionReason } from '../core/errors.js';
import { isOwnRejection } from '../core/judge.js';

export interface RejectionRule {
  /** Whether to retry what an inner policy of the same pipeline refused. */
  readonly own: boolean;
  /** Whether to retry what comes out of another pipeline further down. */
  readonly other: boolean;
  readonly because: string;
}

/** Which refusals are retried, with backoff, and no sooner than their `retryAfterMs`. The one place that says so. */
export const REJECTIONS_RETRIED: Readonly<Record<RejectionReason, RejectionRule>> = {
  open: {
    own: false,
    other: true,
    because: 'a circuit opens so that callers fail fast; further down it is a failure like any',
  },
  probing: { own: false, other: true, because: 'as open: the probes decide, and a retry would crowd them' },
  'queue-full': { own: true, other: true, because: 'a queue moves: a place may be free after the backoff' },
  'queue-timeout': {
    own: false,
    other: true,
    because: 'it has waited its share, and going back to the end of the line makes the line longer',
  },
  shed: { own: true, other: true, because: 'load is shed for a moment, by chance or by priority' },
  budget: { own: false, other: false, because: 'budgets exist to stop retries' },
  deadline: { own: false, other: false, because: 'a deadline that was missed does not come back' },
  aborted: { own: false, other: false, because: 'nobody waits for the result' },
  shutdown: { own: false, other: false, because: 'what shuts down does not open again' },
  isolated: { own: false, other: false, because: 'somebody isolated it by hand, and only a hand undoes it' },
};

/** Whether a refusal that `call` ran into is worth another attempt. */
export function isRetried(call: Call, error: RejectedError): boolean {
  const rule = REJECTIONS_RETRIED[error.reason];
  return isOwnRejection(call, error) ? rule.own : rule.other;
}
