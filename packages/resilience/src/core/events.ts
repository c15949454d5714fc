import { channel } from 'node:diagnostics_channel';
import type { RejectionReason } from './errors.js';

export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated' | 'disabled';

export const TRIP_CAUSES = [
  'failures',
  'failure-rate',
  'slow-rate',
  'probe-failed',
  'probe-slow',
  'probe-timeout',
  'hint',
] as const;

/** Why a circuit opened: failures in a row, a rate over its window, what became of its probes, or a hint from outside. */
export type TripCause = (typeof TRIP_CAUSES)[number];

/**
 * Why a circuit changed its state: of itself, by hand, on a `hint` from outside (open, or closed again), or (`guest`) as
 * another library's breaker saw fit.
 */
export type CircuitCause =
  | TripCause
  | 'recovery-timeout'
  | 'recovered'
  | 'isolate'
  | 'disable'
  | 'release'
  | 'reset'
  | 'restore'
  | 'guest';

/** What the policies say as it happens, on the diagnostics channel `breakwater:resilience`. */
export type ResilienceEvent =
  | {
      type: 'circuit_breaker.state';
      policy: string;
      key?: string;
      from: CircuitState;
      to: CircuitState;
      cause: CircuitCause;
      /** How long it stays open. */
      retryAfterMs?: number;
      /** The breaker only measures: nothing is refused. */
      shadow?: true;
    }
  | { type: 'rejected'; policy: string; key?: string; reason: RejectionReason }
  | { type: 'timeout'; policy: string; timeoutMs: number; stalled: boolean }
  | { type: 'retry'; policy: string; attempt: number; delayMs: number; error?: unknown }
  | { type: 'fallback'; policy: string; error?: unknown }
  | { type: 'batch.flushed'; policy: string; cause: 'count' | 'bytes' | 'age' | 'flush' | 'drain'; items: number }
  | { type: 'batch.item_failed'; policy: string; error: unknown }
  | { type: 'batch.bisected'; policy: string; items: number; isolated: boolean }
  | {
      type: 'connection_pool.connected' | 'connection_pool.disconnected';
      policy: string;
      origin: string;
      cause?: unknown;
    };

/** The channel's name: `diagnostics_channel.subscribe(RESILIENCE_CHANNEL, (event) => …)`. */
export const RESILIENCE_CHANNEL = 'breakwater:resilience';

const events = channel(RESILIENCE_CHANNEL);

/** Whether anybody listens: ask before an event is built on a hot path. */
export const observed = (): boolean => events.hasSubscribers;

export function publish(event: ResilienceEvent): void {
  if (events.hasSubscribers) events.publish(event);
}
