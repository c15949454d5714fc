import { type Environment, readNumber } from '../config/env.js';

const SLOTS = { default: 50, min: 1, max: 100_000, integer: true };

/**
 * `MAX_CONCURRENT_TARGETS` (default 50), how many targets are worked on at once: `semaphore({ ...semaphoreFromEnv() })`.
 * @throws ConfigError for what is no whole number from 1 to 100,000.
 */
export function semaphoreFromEnv(env: Environment = process.env): { permits: number } {
  return { permits: readNumber(env, 'MAX_CONCURRENT_TARGETS', SLOTS) };
}

/**
 * `MAX_CONCURRENT_OPERATIONS` (default 50), how many operations run at once for each target:
 * `keyedSemaphore({ ...keyedSemaphoreFromEnv() })`.
 * @throws ConfigError for what is no whole number from 1 to 100,000.
 */
export function keyedSemaphoreFromEnv(env: Environment = process.env): { permits: number } {
  return { permits: readNumber(env, 'MAX_CONCURRENT_OPERATIONS', SLOTS) };
}
