export { batchPoolFromEnv } from './batch/env.js';
export { BATCH_METRICS } from './batch/metrics.js';
export type {
  BatchItemOptions,
  BatchItemOutcome,
  BatchOutcome,
  BatchPoolOptions,
  BatchProcess,
} from './batch/options.js';
export { type BatchPool, batchPool, type DrainResult } from './batch/pool.js';
export type { CircuitAdviser, CircuitMove, TripOptions } from './breaker/adviser.js';
export type { Breaker } from './breaker/breaker.js';
export { type CircuitBreaker, circuitBreaker } from './breaker/circuit-breaker.js';
export { type CircuitBreakerEnvironment, circuitBreakerFromEnv } from './breaker/from-env.js';
export {
  type KeyEntry,
  type KeyedCircuitBreaker,
  type KeyedCircuitBreakerOptions,
  keyedCircuitBreaker,
} from './breaker/keyed-circuit-breaker.js';
export { CIRCUIT_BREAKER_METRICS } from './breaker/metrics.js';
export type { CircuitBreakerOptions, CountWindowRule, RateRule, TimeWindowRule } from './breaker/settings.js';
export type { CircuitSnapshot, KeyedCircuitSnapshot } from './breaker/snapshot.js';
export { type Coalesce, type CoalesceOptions, coalesce } from './coalesce/coalesce.js';
export { COALESCE_METRICS } from './coalesce/metrics.js';
export { type Environment, type NumberRange, readNumber } from './config/env.js';
export type { Call } from './core/call.js';
export { type Clock, type Random, systemClock, type Timer } from './core/clock.js';
export {
  ConfigError,
  RejectedError,
  type RejectionDetails,
  type RejectionReason,
  TimeoutError,
} from './core/errors.js';
export {
  type CircuitCause,
  type CircuitState,
  RESILIENCE_CHANNEL,
  type ResilienceEvent,
  type TripCause,
} from './core/events.js';
export { classifyErrors, classifyHttp } from './core/judge.js';
export type { Layer, Next } from './core/layer.js';
export { type Pipeline, pipeline } from './core/pipeline.js';
export { StallMonitor, type StallMonitorOptions, systemStalls } from './core/stalls.js';
export type { Classify, Context, Operation, Options, Outcome, Permit, Policy, Verdict } from './core/types.js';
export { type Fallback, type FallbackCommonOptions, type FallbackOptions, fallback } from './fallback/fallback.js';
export { FALLBACK_METRICS, type FallbackCause } from './fallback/metrics.js';
export { resilienceMetrics } from './metrics/catalog.js';
export type {
  HistogramValue,
  Labels,
  LabelValues,
  Measured,
  MetricDefinition,
  Recorder,
} from './metrics/definition.js';
export { Histogram } from './metrics/histogram.js';
export {
  type Backoff,
  type BackoffOptions,
  constantBackoff,
  decorrelatedJitterBackoff,
  type ExponentialBackoffOptions,
  exponentialBackoff,
  type JitteredBackoffOptions,
} from './retry/backoff.js';
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './retry/budget.js';
export { RETRY_METRICS } from './retry/metrics.js';
export { REJECTIONS_RETRIED, type RejectionRule } from './retry/rejections.js';
export { type Retry, type RetryOptions, retry } from './retry/retry.js';
export { keyedSemaphoreFromEnv, semaphoreFromEnv } from './semaphore/from-env.js';
export type { AcquireOptions, Gate, GateOptions } from './semaphore/gate.js';
export { type KeyedSemaphore, type KeyedSemaphoreOptions, keyedSemaphore } from './semaphore/keyed-semaphore.js';
export { SEMAPHORE_METRICS } from './semaphore/metrics.js';
export { type Semaphore, type SemaphoreOptions, semaphore } from './semaphore/semaphore.js';
export { TIMEOUT_METRICS } from './timeout/metrics.js';
export { type Timeout, type TimeoutOptions, timeout } from './timeout/timeout.js';
