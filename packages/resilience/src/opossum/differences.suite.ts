/**
 * What opossum does otherwise than our breaker, each a rule of opossum's by name. docs/coming-from-opossum.md explains
 * every one of them.
 */
export const DIFFERENCES = [
  'threshold-must-be-exceeded',
  'calls-count-when-fired',
  'only-failures-trip',
  'ignored-is-success',
  'late-results-count',
  'window-outlives-opening',
  'probe-without-deadline',
  'half-open-by-timer',
  'open-recovers',
  'close-leaves-disabled',
  'disabled-keeps-state',
  'disabled-lifts-limits',
  'capacity-counts-as-failure',
  'timeout-frees-capacity',
] as const;

export type Difference = (typeof DIFFERENCES)[number];
