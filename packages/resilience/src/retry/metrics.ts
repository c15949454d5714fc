import type { MetricDefinition } from '../metrics/definition.js';

/** Why a call that did not succeed was not tried (again). */
export const GIVEN_UP = [
  'exhausted',
  'rejected',
  'not-idempotent',
  'retry-after',
  'deadline',
  'budget',
  'aborted',
] as const;
export type GivenUp = (typeof GIVEN_UP)[number];

const policy = 'one per retry policy';

export const RETRY_METRICS = {
  calls: { name: 'retry_calls_total', type: 'counter', help: 'Calls, whatever came of them', labels: { policy } },
  retries: { name: 'retry_attempts_total', type: 'counter', help: 'Attempts after the first', labels: { policy } },
  recovered: {
    name: 'retry_recovered_total',
    type: 'counter',
    help: 'Calls whose first attempt failed and a later one did not',
    labels: { policy },
  },
  givenUp: {
    name: 'retry_given_up_total',
    type: 'counter',
    help: 'Calls that failed in the end, by why they were not tried again',
    labels: { policy, reason: GIVEN_UP },
  },
  waiting: {
    name: 'retry_waiting',
    type: 'gauge',
    help: 'Calls that wait for their next attempt',
    labels: { policy },
  },
} as const satisfies Record<string, MetricDefinition>;
