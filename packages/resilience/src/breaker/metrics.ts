import type { CircuitState } from '../core/events.js';
import type { MetricDefinition } from '../metrics/definition.js';
import type { Refusal } from './state.js';

export const CIRCUIT_STATES = ['closed', 'open', 'half-open', 'isolated', 'disabled'] as const satisfies CircuitState[];
const REFUSALS = ['open', 'probing', 'shed', 'isolated'] as const satisfies Refusal[];
/** What another library's breaker may refuse for, over and above. */
const GUEST_REFUSALS = ['queue-full', 'shutdown'] as const;

const policy = 'one per circuit breaker';

export const CIRCUIT_BREAKER_METRICS = {
  state: {
    name: 'circuit_breaker_state',
    type: 'gauge',
    help: '1 for the state that the circuit is in, 0 for the others',
    labels: { policy, state: CIRCUIT_STATES },
  },
  shadow: {
    name: 'circuit_breaker_shadow',
    type: 'gauge',
    help: '1 where the breaker only measures: its state is what it would be, and it rejects nothing',
    labels: { policy },
  },
  calls: {
    name: 'circuit_breaker_calls_total',
    type: 'counter',
    help: 'Calls that ran, by what they meant to the circuit; "late" ones began in an older state and changed nothing',
    labels: { policy, outcome: ['success', 'failure', 'ignore', 'late'] },
  },
  slowCalls: {
    name: 'circuit_breaker_slow_calls_total',
    type: 'counter',
    help: 'Calls, successful or not, that took longer than slowCallMs',
    labels: { policy },
  },
  rejections: {
    name: 'circuit_breaker_rejections_total',
    type: 'counter',
    help: 'Calls that did not run because the breaker refused them',
    labels: { policy, reason: [...REFUSALS, ...GUEST_REFUSALS] },
  },
  shadowRejections: {
    name: 'circuit_breaker_shadow_rejections_total',
    type: 'counter',
    help: 'Calls that ran although the breaker would have refused them, were it not in shadow mode',
    labels: { policy, reason: ['open', 'probing', 'shed'] },
  },
  transitions: {
    name: 'circuit_breaker_transitions_total',
    type: 'counter',
    help: 'Changes of state, by the state that was entered, over all keys of a keyed breaker',
    labels: { policy, to: CIRCUIT_STATES },
  },
  keys: {
    name: 'circuit_breaker_keys',
    type: 'gauge',
    help: 'Keys of a keyed breaker that it holds an entry for, by state; a key at rest has none',
    labels: { policy, state: CIRCUIT_STATES },
  },
  evictions: {
    name: 'circuit_breaker_key_evictions_total',
    type: 'counter',
    help: 'Entries of closed circuits that were forgotten to stay within maxKeys',
    labels: { policy },
  },
  untracked: {
    name: 'circuit_breaker_untracked_results_total',
    type: 'counter',
    help: 'Results of keys that got no entry: maxKeys was reached and no entry was closed',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
