import type { MetricDefinition } from '@breakwater/resilience';

/** Which way names moved when the standing of a replica changed. */
const MOVE_DIRECTIONS = ['gained', 'lost'] as const;

export const OWNERSHIP_METRICS = {
  owned: {
    name: 'fleet_owned',
    type: 'gauge',
    help: 'Names (of targets, say) that this replica owns; over all replicas that share, as many as there are',
    labels: {},
  },
  moves: {
    name: 'fleet_ownership_moves_total',
    type: 'counter',
    help: 'Names that this replica gained and lost because its standing in the fleet or the members changed',
    labels: { direction: MOVE_DIRECTIONS },
  },
} as const satisfies Record<string, MetricDefinition>;
