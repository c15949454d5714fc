/**
 * What our packages can show and the telemetry collector never does: it measures no retries, has no fallbacks and no shadow mode, and leads
 * nothing. The catalog says so of each metric, and metrics.servers.system.test.ts proves of a running collector that it has the others and
 * none of these.
 */
export const NOT_EXPORTED_BY_COLLECTOR: readonly string[] = [
  'circuit_breaker_shadow_rejections_total',
  'fallback_failed_total',
  'fallback_used_total',
  'fleet_leader',
  'fleet_leader_acts_total',
  'fleet_leader_changes_total',
  'fleet_leader_terms_ended_total',
  'fleet_leader_token',
  'fleet_lease_calls_total',
  'retry_attempts_total',
  'retry_calls_total',
  'retry_given_up_total',
  'retry_recovered_total',
  'retry_waiting',
];
