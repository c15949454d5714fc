import type { Recorder } from '@breakwater/resilience';
import { HINT_KINDS, type HintKind, PROBE_OUTCOMES, type ProbeOutcome, SHARED_BREAKER_METRICS } from './metrics.js';

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

/** What a shared breaker has said, heard and done, in plain numbers. */
export class HintTally {
  readonly said: Record<HintKind, number> = zeros(HINT_KINDS);
  readonly taken: Record<HintKind, number> = zeros(HINT_KINDS);
  readonly probes: Record<ProbeOutcome, number> = zeros(PROBE_OUTCOMES);
  answered = 0;
  failed = 0;
  damaged = 0;

  measure(record: Recorder, policy: string): void {
    const { hints, probeLeases, syncs, damaged } = SHARED_BREAKER_METRICS;
    for (const kind of HINT_KINDS) {
      record(hints, { policy, direction: 'said', kind }, this.said[kind]);
      record(hints, { policy, direction: 'taken', kind }, this.taken[kind]);
    }
    for (const outcome of PROBE_OUTCOMES) record(probeLeases, { policy, outcome }, this.probes[outcome]);
    record(syncs, { policy, outcome: 'answered' }, this.answered);
    record(syncs, { policy, outcome: 'failed' }, this.failed);
    record(damaged, { policy }, this.damaged);
  }
}
