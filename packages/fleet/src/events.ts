import { channel } from 'node:diagnostics_channel';
import type { TermEnd } from './leader/metrics.js';
import type { Stamp } from './leader/stamp.js';
import type { LimiterMode } from './limiter/metrics.js';
import type { Standing } from './membership/standing.js';
import type { ConnectionUse } from './redis/metrics.js';

/** What the fleet says as it happens, on the diagnostics channel `breakwater:fleet`. */
export type FleetEvent =
  /** Where this replica stands among those that share the work, and where it stood before. */
  | { type: 'member.standing'; id: string; standing: Standing; before: Standing }
  /** Another process has the id of this replica, which goes on as `now`: two were given the same. */
  | { type: 'member.superseded'; id: string; now: string }
  /** Redis has forgotten what it told this replica: it was emptied, or has an earlier state again. */
  | { type: 'fleet.emptied'; id: string }
  /** This replica leads from now on, under this token. */
  | { type: 'leader.elected'; lease: string; holder: string; token: number }
  | { type: 'leader.lost'; lease: string; holder: string; token: number; reason: TermEnd }
  /** An act of this replica was refused: the workload carries the stamp of a leader that came after it. */
  | { type: 'leader.stale'; lease: string; holder: string; token: number; by: Stamp }
  /** Redis answers on this connection (again). */
  | { type: 'redis.ready'; address: string; connection: ConnectionUse }
  /** Redis cannot be reached, or refuses this client; told once of each until it is ready. It is tried for ever. */
  | {
      type: 'redis.lost';
      address: string;
      connection: ConnectionUse;
      reason: 'unreachable' | 'refused';
      error: Error;
    }
  /** A circuit of this replica was opened or closed on what the others know. */
  | {
      type: 'breaker.hinted';
      policy: string;
      key: string;
      to: 'open' | 'closed';
      attempts: number;
      retryAfterMs: number;
    }
  /** This replica is the one that probes for the fleet. */
  | { type: 'breaker.probing'; policy: string; key: string }
  /** Hints cannot be shared: the circuits decide by what this replica sees. */
  | { type: 'breaker.alone'; policy: string; error: unknown }
  | { type: 'breaker.rejoined'; policy: string }
  /**
   * What a fleet limiter stands on from now on, or why it is closed if that changed: with `permits` for all, or for this
   * replica in the mode `share`; `why` says what keeps callers from them, or from those of the fleet.
   */
  | { type: 'limiter.mode'; limiter: string; mode: LimiterMode; permits: number; replicas: number; why?: string }
  /** Something failed that will be tried again. */
  | { type: 'trouble'; what: string; error: unknown };

/** The channel's name: `diagnostics_channel.subscribe(FLEET_CHANNEL, (event) => …)`. */
export const FLEET_CHANNEL = 'breakwater:fleet';

const events = channel(FLEET_CHANNEL);

export function publish(event: FleetEvent): void {
  if (events.hasSubscribers) events.publish(event);
}
