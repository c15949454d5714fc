import type { LeaseAnswer } from './lease-store.js';

/** One moment by both clocks of a machine: the monotonic one stands still while a laptop or a virtual machine is suspended. */
export interface Instant {
  readonly ms: number;
  readonly wallMs: number;
}

/**
 * What a candidate believes. `nextMs`: when it asks the store again, by its monotonic clock. A leader that does not hear
 * from the store stays one until `ends`, which comes before the store's own end.
 */
export type LeaseState =
  | { readonly kind: 'follower'; readonly nextMs: number; readonly leader: LeaseHolder | undefined }
  | { readonly kind: 'leader'; readonly nextMs: number; readonly token: number; readonly ends: Instant };

export interface LeaseHolder {
  readonly holder: string;
  readonly token: number;
}

export interface LeaseTiming {
  readonly leaseMs: number;
  /** How often a leader renews, and a follower looks. */
  readonly renewMs: number;
}

/** Two clocks may differ in speed by this much: 1 %; the kernel never slews one by more than 0.05 %. */
const CLOCK_MARGIN = 0.01;

/** The lease runs from before the call was sent: it was not granted any earlier, so it ends here before it ends in the store. */
export function leaseEnd(sent: Instant, leaseMs: number): Instant {
  const usableMs = leaseMs * (1 - CLOCK_MARGIN);
  return { ms: sent.ms + usableMs, wallMs: sent.wallMs + usableMs };
}

/** Whether either clock says so: a wall clock that was set forward costs a term, which does no harm. */
export const isOver = (ends: Instant, now: Instant): boolean => now.ms >= ends.ms || now.wallMs >= ends.wallMs;

/** A candidate that knows nothing, and asks at `nextMs`. */
export const following = (nextMs: number): LeaseState => ({ kind: 'follower', nextMs, leader: undefined });

/** What follows from an answer to a claim. */
export function answered(
  answer: LeaseAnswer,
  { leaseMs, renewMs }: LeaseTiming,
  sent: Instant,
  now: Instant,
): LeaseState {
  if (answer.outcome === 'held') {
    const { holder, token, leftMs } = answer;
    // Right after the end, or earlier in case the lease is resigned or lost and nobody says so.
    return { kind: 'follower', nextMs: now.ms + Math.min(leftMs + 1, renewMs), leader: { holder, token } };
  }
  const ends = leaseEnd(sent, leaseMs);
  // An answer that took a whole lease brings none. In the store the same holder has it, and may ask for it anew.
  if (isOver(ends, now)) return following(now.ms);
  return { kind: 'leader', nextMs: Math.max(now.ms, sent.ms + renewMs), token: answer.token, ends };
}

/** Without an answer everything stays as it was until time says otherwise. */
export const unanswered = (state: LeaseState, nextMs: number): LeaseState => ({ ...state, nextMs });
