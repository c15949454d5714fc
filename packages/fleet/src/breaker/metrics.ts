import type { MetricDefinition } from '@breakwater/resilience';

const policy = 'one per shared breaker';

export const HINT_KINDS = ['strike', 'relief', 'open', 'closed', 'failed'] as const;
export type HintKind = (typeof HINT_KINDS)[number];
export const PROBE_OUTCOMES = ['granted', 'held', 'recovered', 'failed', 'yielded'] as const;
/** What came of a probe lease: got, somebody else has it, the circuit closed, a probe failed, given back without a verdict. */
export type ProbeOutcome = (typeof PROBE_OUTCOMES)[number];

export const SHARED_BREAKER_METRICS = {
  hints: {
    name: 'fleet_breaker_hints_total',
    type: 'counter',
    help: 'What this replica said about keys (strikes, reliefs, verdicts of its probes), and what it was told and obeyed',
    labels: { policy, direction: ['said', 'taken'], kind: HINT_KINDS },
  },
  openKeys: {
    name: 'fleet_breaker_open_keys',
    type: 'gauge',
    help: 'Keys that are open in the fleet, as this replica knows',
    labels: { policy },
  },
  probeLeases: {
    name: 'fleet_breaker_probe_leases_total',
    type: 'counter',
    help: 'Leases to probe for the fleet, by what came of them; "held": asked for while another replica had it',
    labels: { policy, outcome: PROBE_OUTCOMES },
  },
  syncs: {
    name: 'fleet_breaker_syncs_total',
    type: 'counter',
    help: 'Calls to where hints are shared',
    labels: { policy, outcome: ['answered', 'failed'] },
  },
  alone: {
    name: 'fleet_breaker_alone',
    type: 'gauge',
    help: '1 while hints cannot be shared: the circuits decide by what this replica sees',
    labels: { policy },
  },
  unshared: {
    name: 'fleet_breaker_unshared_total',
    type: 'counter',
    help: 'Strikes that were not shared: the key is too long, or there are too many keys',
    labels: { policy },
  },
  damaged: {
    name: 'fleet_breaker_damaged_hints_total',
    type: 'counter',
    help: 'Parts of what was read that no replica can have written; they were left out',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
