import { type Environment, readNumber } from '../../config/env.js';
import { nameLookupFromEnv } from '../lookup/from-env.js';
import { nameLookup } from '../lookup/system-lookup.js';
import type { HttpPoolOptions } from './http-pool.js';

const SECONDS = { min: 0.001, max: 3600 };

/**
 * The options of a pool from the environment: `MAX_CONNECTIONS` (100), `MAX_CONNECTIONS_PER_HOST` (30),
 * `KEEPALIVE_TIMEOUT` (30 s), `CONNECTION_TIMEOUT` (10 s), `READ_TIMEOUT` (30 s), and `DNS_SERVERS` (those of the system).
 * @throws ConfigError naming the variable, its value and what is allowed.
 */
export function httpPoolFromEnv(env: Environment = process.env): HttpPoolOptions {
  const count = (name: string, standard: number) =>
    readNumber(env, name, { default: standard, min: 1, max: 65_535, integer: true });
  const milliseconds = (name: string, standard: number) =>
    Math.round(readNumber(env, name, { default: standard, ...SECONDS }) * 1000);
  const lookup = nameLookupFromEnv(env);
  return {
    maxConnections: count('MAX_CONNECTIONS', 100),
    maxConnectionsPerHost: count('MAX_CONNECTIONS_PER_HOST', 30),
    keepAliveTimeoutMs: milliseconds('KEEPALIVE_TIMEOUT', 30),
    connectTimeoutMs: milliseconds('CONNECTION_TIMEOUT', 10),
    readTimeoutMs: milliseconds('READ_TIMEOUT', 30),
    ...(lookup.servers !== undefined && { nameLookup: nameLookup(lookup) }),
  };
}
