import { X509Certificate } from 'node:crypto';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { type Clock, ConfigError, type Random } from '@breakwater/resilience';
import type { NameLookup } from '@breakwater/resilience/http';
import { type AddressSource, type RedisAddress, redisAddress } from './address.js';

export interface RedisLinkOptions {
  /**
   * `redis://host[:port][/db]`; `redis+sentinel://host[:port],host[:port]/master[/db]` asks Sentinels who the master is;
   * `rediss` in place of `redis` speaks TLS, to Sentinels too. User and password have options of their own.
   */
  url: string;
  /** Needs a password. Default: Redis' user `default`. */
  username?: string;
  password?: string;
  sentinelUsername?: string;
  sentinelPassword?: string;
  /** A root certificate in PEM that is trusted beside the usual ones; several may follow each other. */
  ca?: string;
  /** How long a call may take, in milliseconds. Default 1,000. */
  timeoutMs?: number;
  /** How long an attempt to connect may take, in milliseconds. Default: twice `timeoutMs`, 2,000 at least. */
  connectTimeoutMs?: number;
  /** What Redis' CLIENT LIST calls the connections. Default `breakwater`. */
  name?: string;
  /** Default: one of its own. */
  nameLookup?: NameLookup;
  clock?: Clock;
  random?: Random;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Options that were found good. */
export interface LinkSettings {
  readonly address: RedisAddress;
  readonly credentials: Credentials | undefined;
  readonly sentinelCredentials: Credentials | undefined;
  readonly secureContext: SecureContext | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly name: string;
}

export const LONGEST_TIMEOUT_MS = 60_000;
const SHORTEST_CONNECT_MS = 2_000;
const OPTION: AddressSource = {
  name: 'redisLink: url',
  credentials: 'they are the options username and password',
};

/** @throws ConfigError, which never repeats what might be a password. */
export function linkSettings(options: RedisLinkOptions): LinkSettings {
  const { ca, timeoutMs = 1_000, name = 'breakwater' } = options;
  const { connectTimeoutMs = Math.max(2 * timeoutMs, SHORTEST_CONNECT_MS) } = options;
  const address = redisAddress(options.url, OPTION);
  if (ca !== undefined && !address.tls) {
    throw new ConfigError('redisLink: ca is given and url is no rediss://: nothing would be encrypted or verified');
  }
  if (address.master === undefined && (options.sentinelUsername ?? options.sentinelPassword) !== undefined) {
    throw new ConfigError('redisLink: user or password for Sentinels are given, and url names none');
  }
  if (!/^[\x21-\x7e]{1,64}$/.test(name)) {
    throw new ConfigError(`redisLink: name is ${JSON.stringify(name)}; it must be 1 to 64 printable characters`);
  }
  return {
    address,
    credentials: credentials('username', options.username, options.password),
    sentinelCredentials: credentials('sentinelUsername', options.sentinelUsername, options.sentinelPassword),
    secureContext: address.tls ? createSecureContext(ca === undefined ? {} : { ca: withUsual(ca) }) : undefined,
    timeoutMs: milliseconds('timeoutMs', timeoutMs),
    connectTimeoutMs: milliseconds('connectTimeoutMs', connectTimeoutMs),
    name,
  };
}

function milliseconds(option: string, value: number): number {
  if (Number.isFinite(value) && value >= 1 && value <= LONGEST_TIMEOUT_MS) return value;
  throw new ConfigError(`redisLink: ${option} is ${value}; it must be a number from 1 to ${LONGEST_TIMEOUT_MS}`);
}

// Always with a user: AUTH with a password alone is an error where the server asks for none.
function credentials(
  option: string,
  username: string | undefined,
  password: string | undefined,
): Credentials | undefined {
  if (password !== undefined) return { username: username ?? 'default', password };
  if (username === undefined) return undefined;
  throw new ConfigError(`redisLink: ${option} is given without a password`);
}

function withUsual(ca: string): string[] {
  const problem = rootProblem(ca);
  if (problem !== undefined) throw new ConfigError(`redisLink: ca ${problem}`);
  return [...rootCertificates, ca];
}

/** What is wrong with a root certificate, in words. OpenSSL would take what is none for an empty list. */
export function rootProblem(pem: string): string | undefined {
  try {
    new X509Certificate(pem);
    return undefined;
  } catch {
    return 'holds no certificate in PEM';
  }
}
