import { Histogram, type Measured, type Recorder } from '@breakwater/resilience';
import { HEARTBEAT_OUTCOMES, type HeartbeatOutcome, MEMBERSHIP_METRICS as METRICS, STANDINGS } from './metrics.js';
import type { StandingKind } from './standing.js';

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

/** What a membership counts. */
export class MembershipTally implements Measured {
  members = 0;
  releasesOverdue = 0;
  damagedLoads = 0;
  readonly #heartbeats: Record<HeartbeatOutcome, number> = zeros(HEARTBEAT_OUTCOMES);
  readonly #changes: Record<StandingKind, number> = zeros(STANDINGS);
  readonly #seconds = new Histogram(METRICS.heartbeatSeconds.buckets);
  #aloneMs = 0;
  #aloneSinceMs: number | undefined;

  changed(to: StandingKind, nowMs: number): void {
    this.#changes[to]++;
    if (to === 'alone') {
      this.#aloneSinceMs ??= nowMs;
      return;
    }
    if (this.#aloneSinceMs !== undefined) this.#aloneMs += nowMs - this.#aloneSinceMs;
    this.#aloneSinceMs = undefined;
  }

  heartbeat(outcome: HeartbeatOutcome, tookMs: number): void {
    this.#heartbeats[outcome]++;
    if (outcome === 'answered') this.#seconds.observe(tookMs / 1_000);
  }

  aloneSeconds(nowMs: number): number {
    return (this.#aloneMs + (this.#aloneSinceMs === undefined ? 0 : nowMs - this.#aloneSinceMs)) / 1_000;
  }

  measure(record: Recorder): void {
    record(METRICS.members, {}, this.members);
    for (const outcome of HEARTBEAT_OUTCOMES) record(METRICS.heartbeats, { outcome }, this.#heartbeats[outcome]);
    for (const to of STANDINGS) record(METRICS.changes, { to }, this.#changes[to]);
    record(METRICS.heartbeatSeconds, {}, this.#seconds);
    record(METRICS.releasesOverdue, {}, this.releasesOverdue);
    record(METRICS.damagedLoads, {}, this.damagedLoads);
  }
}
