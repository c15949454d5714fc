import { type RedisLinkEnvironment, redisLinkFromEnv } from '@breakwater/fleet';
import { ConfigError, type Environment, readNumber } from '@breakwater/resilience';
import type { NameLookupOptions } from '@breakwater/resilience/http';
import type { Problems } from './problems.js';
import { readChoice, readText } from './values.js';

/** How this collector shares its targets with others, through a Redis server. */
export interface FleetConfig {
  /** Where they meet. */
  readonly redis: RedisLinkEnvironment;
  /** Who is asked where that is. */
  readonly dns: NameLookupOptions;
  /** Collectors of the same name share. */
  readonly name: string;
  /** Undefined: after the machine and the port that it listens on. */
  readonly replicaId: string | undefined;
  /** How long a collector that says nothing keeps its targets. */
  readonly leaseMs: number;
  /** Whether they tell each other which targets fail. */
  readonly sharedBreaker: boolean;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const ID = /^[A-Za-z0-9_.:-]{1,100}$/;

/** What `REDIS_URL` and the variables around it say; undefined where there is no Redis, or SCALING_ENABLED is false. */
export function readFleet(env: Environment, dns: NameLookupOptions, problems: Problems): FleetConfig | undefined {
  const scaling = problems.attempt(() => readChoice(env, 'SCALING_ENABLED', ['true', 'false'], 'true'));
  const redis = problems.attempt(() => redisLinkFromEnv(env));
  const config = {
    name: problems.attempt(() => readWord(env, 'FLEET', NAME, 'letters, digits, ".", "_" and "-", 64 at most')),
    replicaId: problems.attempt(() =>
      readWord(env, 'REPLICA_ID', ID, 'letters, digits, ".", "_", ":" and "-", 100 at most'),
    ),
    leaseMs: Math.round(
      (problems.attempt(() => readNumber(env, 'FLEET_LEASE', { default: 15, min: 1, max: 300 })) ?? 0) * 1000,
    ),
    sharedBreaker: problems.attempt(() => readChoice(env, 'SHARED_BREAKER', ['on', 'off'], 'off')) === 'on',
  };
  if (scaling === 'false') return undefined;
  if (redis === undefined) {
    if (readText(env, 'REDIS_URL') === undefined) tellWithoutRedis(env, config, problems);
    return undefined;
  }
  if (readText(env, 'TARGETS_FILE') === undefined) {
    problems.add('REDIS_URL is set and TARGETS_FILE is not: the targets of the demo are for one collector alone');
  }
  return { redis, dns, ...config, name: config.name ?? 'telemetry' };
}

/** What somebody asked for in words and cannot have. */
function tellWithoutRedis(
  env: Environment,
  {
    name,
    replicaId,
    sharedBreaker,
  }: Pick<FleetConfig, 'replicaId' | 'sharedBreaker'> & { readonly name: string | undefined },
  problems: Problems,
): void {
  const asked = [
    ...(readText(env, 'SCALING_ENABLED') === 'true' ? ['SCALING_ENABLED is "true"'] : []),
    ...(sharedBreaker ? ['SHARED_BREAKER is "on"'] : []),
    ...(name === undefined ? [] : [`FLEET is "${name}"`]),
    ...(replicaId === undefined ? [] : [`REPLICA_ID is "${replicaId}"`]),
  ];
  for (const what of asked) problems.add(`${what} and REDIS_URL is not set: there is no place to share through`);
}

function readWord(env: Environment, name: string, form: RegExp, allowed: string): string | undefined {
  const text = readText(env, name);
  if (text === undefined || form.test(text)) return text;
  throw new ConfigError(`${name} is ${JSON.stringify(text.slice(0, 40))}; it must be of ${allowed}`);
}
