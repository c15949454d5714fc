import { type Environment, readNumber } from '../config/env.js';

/**
 * A batch pool's options from the environment: `BATCH_SIZE` (items, 1 to 10,000, default 5) and `WORKER_POOL_SIZE`
 * (1 to 1,000, default 10).
 * @throws ConfigError when a value is no whole number or out of range.
 */
export function batchPoolFromEnv(env: Environment = process.env): { batchSize: number; workers: number } {
  return {
    batchSize: readNumber(env, 'BATCH_SIZE', { default: 5, min: 1, max: 10_000, integer: true }),
    workers: readNumber(env, 'WORKER_POOL_SIZE', { default: 10, min: 1, max: 1_000, integer: true }),
  };
}
