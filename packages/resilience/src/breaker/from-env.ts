import { type Environment, readNumber } from '../config/env.js';

/** What the environment says about circuit breakers. */
export interface CircuitBreakerEnvironment {
  failureThreshold: number;
  recoveryTimeoutMs: number;
  successThreshold: number;
}

const LONGEST_RECOVERY_S = 86_400;
const MOST_CALLS = 1_000_000;

/**
 * Options for `circuitBreaker` and `keyedCircuitBreaker` from `CIRCUIT_FAILURE_THRESHOLD` (5), `CIRCUIT_RECOVERY_TIMEOUT`
 * (60, in seconds) and `CIRCUIT_SUCCESS_THRESHOLD` (3).
 * @throws ConfigError naming the variable, its value and the range.
 */
export function circuitBreakerFromEnv(env: Environment = process.env): CircuitBreakerEnvironment {
  const count = { min: 1, max: MOST_CALLS, integer: true };
  return {
    failureThreshold: readNumber(env, 'CIRCUIT_FAILURE_THRESHOLD', { ...count, default: 5 }),
    recoveryTimeoutMs:
      readNumber(env, 'CIRCUIT_RECOVERY_TIMEOUT', { default: 60, min: 0.001, max: LONGEST_RECOVERY_S }) * 1_000,
    successThreshold: readNumber(env, 'CIRCUIT_SUCCESS_THRESHOLD', { ...count, default: 3 }),
  };
}
