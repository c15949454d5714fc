import { BATCH_METRICS } from '../batch/metrics.js';
import { CIRCUIT_BREAKER_METRICS } from '../breaker/metrics.js';
import { COALESCE_METRICS } from '../coalesce/metrics.js';
import { FALLBACK_METRICS } from '../fallback/metrics.js';
import { LOOKUP_METRICS } from '../http/lookup/metrics.js';
import { POOL_METRICS } from '../http/pool/metrics.js';
import { RETRY_METRICS } from '../retry/metrics.js';
import { SEMAPHORE_METRICS } from '../semaphore/metrics.js';
import { TIMEOUT_METRICS } from '../timeout/metrics.js';
import type { MetricDefinition } from './definition.js';

/** Every metric that the policies of this package can show, by name: for dashboards, alerts and whoever checks them. */
export const resilienceMetrics: readonly MetricDefinition[] = [
  BATCH_METRICS,
  CIRCUIT_BREAKER_METRICS,
  COALESCE_METRICS,
  FALLBACK_METRICS,
  LOOKUP_METRICS,
  POOL_METRICS,
  RETRY_METRICS,
  SEMAPHORE_METRICS,
  TIMEOUT_METRICS,
]
  .flatMap((metrics): MetricDefinition[] => Object.values(metrics))
  .sort((a, b) => (a.name < b.name ? -1 : 1));
