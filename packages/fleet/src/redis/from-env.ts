import { readFileSync } from 'node:fs';
import { ConfigError, type Environment, readNumber } from '@breakwater/resilience';
import { redisAddress } from './address.js';
import { LONGEST_TIMEOUT_MS, type RedisLinkOptions, rootProblem } from './options.js';

/** What the environment says about Redis. */
export type RedisLinkEnvironment = Pick<
  RedisLinkOptions,
  'url' | 'username' | 'password' | 'sentinelUsername' | 'sentinelPassword' | 'ca'
> & { timeoutMs: number };

const URL_VARIABLE = {
  name: 'REDIS_URL',
  credentials: 'they belong into REDIS_USERNAME and REDIS_PASSWORD',
};
const TEXTS = {
  username: 'REDIS_USERNAME',
  password: 'REDIS_PASSWORD',
  sentinelUsername: 'REDIS_SENTINEL_USERNAME',
  sentinelPassword: 'REDIS_SENTINEL_PASSWORD',
} as const;

/**
 * Options for `redisLink` from `REDIS_URL`, `REDIS_USERNAME`, `REDIS_PASSWORD`, `REDIS_SENTINEL_USERNAME`,
 * `REDIS_SENTINEL_PASSWORD`, `REDIS_CA_FILE` and `REDIS_TIMEOUT` (1, in seconds); undefined where `REDIS_URL` is not set.
 * @throws ConfigError naming the variable; it never repeats what might be a password.
 */
export function redisLinkFromEnv(env: Environment = process.env): RedisLinkEnvironment | undefined {
  const read = (name: string) => (env[name] === '' ? undefined : env[name]);
  const url = read('REDIS_URL');
  if (url === undefined) return undefined;
  const { tls, master } = redisAddress(url, URL_VARIABLE);
  const options: RedisLinkEnvironment = {
    url,
    timeoutMs: readNumber(env, 'REDIS_TIMEOUT', { default: 1, min: 0.01, max: LONGEST_TIMEOUT_MS / 1_000 }) * 1_000,
  };
  for (const [option, name] of Object.entries(TEXTS) as Array<[keyof typeof TEXTS, string]>) {
    const text = read(name);
    if (text === undefined) continue;
    if (option.startsWith('sentinel') && master === undefined) {
      throw new ConfigError(`${name} is set, and REDIS_URL names no Sentinels`);
    }
    options[option] = text;
  }
  for (const [user, password] of [
    ['username', 'password'],
    ['sentinelUsername', 'sentinelPassword'],
  ] as const) {
    if (options[user] === undefined || options[password] !== undefined) continue;
    throw new ConfigError(`${TEXTS[user]} is set without ${TEXTS[password]}`);
  }
  const file = read('REDIS_CA_FILE');
  if (file === undefined) return options;
  if (!tls) throw new ConfigError('REDIS_CA_FILE is set and REDIS_URL is no rediss://: nothing would be encrypted');
  return { ...options, ca: readRoot(file) };
}

function readRoot(file: string): string {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`REDIS_CA_FILE: ${(error as Error).message}`, { cause: error });
  }
  const problem = rootProblem(pem);
  if (problem !== undefined) throw new ConfigError(`REDIS_CA_FILE: ${file} ${problem}`);
  return pem;
}
