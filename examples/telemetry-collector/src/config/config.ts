import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  batchPoolFromEnv,
  ConfigError,
  circuitBreakerFromEnv,
  type Environment,
  keyedSemaphoreFromEnv,
  readNumber,
  semaphoreFromEnv,
} from '@breakwater/resilience';
import { httpPoolFromEnv, nameLookupFromEnv } from '@breakwater/resilience/http';
import { isLoopback } from '../api/guard.js';
import { type DeliveryConfig, readDelivery } from './delivery.js';
import { type FileConfig, readFiles } from './files.js';
import { type FleetConfig, readFleet } from './fleet.js';
import { Problems } from './problems.js';
import { readChoice, readSecret, readText } from './values.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What the environment says about the collector itself. The policies read theirs with their own `…FromEnv`. */
export interface CollectorConfig {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What whoever changes something must carry; never undefined where the server listens beyond loopback. */
  readonly apiToken: string | undefined;
  /** Undefined: no file was named. */
  readonly targetsFile: string | undefined;
  readonly dataDir: string;
  readonly drainTimeoutMs: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** The files that points are appended to; undefined: none, there are servers. */
  readonly files: FileConfig | undefined;
  /** The servers that points are delivered to; undefined: none, there are files. */
  readonly delivery: DeliveryConfig | undefined;
  /** The collectors that it shares the targets with; undefined: it polls all of them. */
  readonly fleet: FleetConfig | undefined;
}

/** Who reads which variables of the policies: each is checked by itself, so that one mistake does not hide another. */
const POLICIES: ReadonlyArray<readonly [read: (env: Environment) => unknown, variables: readonly string[]]> = [
  [semaphoreFromEnv, ['MAX_CONCURRENT_TARGETS']],
  [keyedSemaphoreFromEnv, ['MAX_CONCURRENT_OPERATIONS']],
  [batchPoolFromEnv, ['BATCH_SIZE', 'WORKER_POOL_SIZE']],
  [circuitBreakerFromEnv, ['CIRCUIT_FAILURE_THRESHOLD', 'CIRCUIT_RECOVERY_TIMEOUT', 'CIRCUIT_SUCCESS_THRESHOLD']],
  [
    httpPoolFromEnv,
    ['MAX_CONNECTIONS', 'MAX_CONNECTIONS_PER_HOST', 'KEEPALIVE_TIMEOUT', 'CONNECTION_TIMEOUT', 'READ_TIMEOUT'],
  ],
];

/**
 * Reads and checks every variable that the collector knows.
 * @throws ConfigError with everything that is wrong: the variables, their values and what is allowed.
 */
export function readConfig(env: Environment = process.env): CollectorConfig {
  const problems = new Problems();
  for (const [read, variables] of POLICIES) {
    for (const variable of variables) problems.attempt(() => read({ [variable]: env[variable] }));
  }
  const number = (name: string, range: Parameters<typeof readNumber>[2]) =>
    problems.attempt(() => readNumber(env, name, range));
  const dns = problems.attempt(() => nameLookupFromEnv(env)) ?? {};
  const dataDir = readText(env, 'DATA_DIR') ?? 'data';
  const delivery = readDelivery(env, dataDir, dns, problems);
  const config = {
    host: problems.attempt(() => readHost(env)),
    port: number('PORT', { default: 8080, min: 0, max: 65_535, integer: true }),
    apiToken: problems.attempt(() => readSecret(env, 'API_TOKEN', 16)),
    targetsFile: readText(env, 'TARGETS_FILE'),
    dataDir,
    drainTimeoutMs: (number('DRAIN_TIMEOUT', { default: 25, min: 1, max: 3600 }) ?? 0) * 1000,
    logLevel: problems.attempt(() => readChoice(env, 'LOG_LEVEL', LOG_LEVELS, 'info')),
    files: readFiles(env, join(dataDir, 'points'), readText(env, 'INFLUX_URLS') !== undefined, problems),
    delivery,
    fleet: readFleet(env, dns, problems),
  };
  const { host } = config;
  if (host !== undefined && !isLoopback(host) && readText(env, 'API_TOKEN') === undefined) {
    problems.add(`HOST is ${JSON.stringify(host)}, which others can reach; set API_TOKEN, or listen on 127.0.0.1`);
  }
  problems.check();
  return Object.freeze(config as CollectorConfig);
}

function readHost(env: Environment): string {
  const host = readText(env, 'HOST') ?? '127.0.0.1';
  if (isIP(host) !== 0 || /^(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/.test(host)) return host;
  throw new ConfigError(
    `HOST is ${JSON.stringify(host.slice(0, 60))}; it must be an address or a name, without a port`,
  );
}
