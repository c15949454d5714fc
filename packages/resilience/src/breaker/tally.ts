import type { CircuitState } from '../core/events.js';
import type { Recorder } from '../metrics/definition.js';
import { CIRCUIT_BREAKER_METRICS, CIRCUIT_STATES } from './metrics.js';
import type { Refusal } from './state.js';

/** What a breaker has seen since it was made, in plain numbers. */
export class Tally {
  success = 0;
  failure = 0;
  ignore = 0;
  late = 0;
  slow = 0;
  /** Refused, or in shadow mode run although they would have been. */
  readonly refused: Record<Refusal, number> = { open: 0, probing: 0, shed: 0, isolated: 0 };
  readonly entered: Record<CircuitState, number> = { closed: 0, open: 0, 'half-open': 0, isolated: 0, disabled: 0 };

  measure(record: Recorder, policy: string, shadow: boolean): void {
    for (const outcome of ['success', 'failure', 'ignore', 'late'] as const)
      record(CIRCUIT_BREAKER_METRICS.calls, { policy, outcome }, this[outcome]);
    record(CIRCUIT_BREAKER_METRICS.slowCalls, { policy }, this.slow);
    // An isolation is an order: it holds in shadow mode too.
    record(CIRCUIT_BREAKER_METRICS.rejections, { policy, reason: 'isolated' }, this.refused.isolated);
    const judged = shadow ? CIRCUIT_BREAKER_METRICS.shadowRejections : CIRCUIT_BREAKER_METRICS.rejections;
    for (const reason of ['open', 'probing', 'shed'] as const) record(judged, { policy, reason }, this.refused[reason]);
    for (const to of CIRCUIT_STATES) record(CIRCUIT_BREAKER_METRICS.transitions, { policy, to }, this.entered[to]);
    record(CIRCUIT_BREAKER_METRICS.shadow, { policy }, shadow ? 1 : 0);
  }
}
