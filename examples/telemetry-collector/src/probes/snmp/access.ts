import { ConfigError } from '@breakwater/resilience';
import { AuthProtocols, PrivProtocols, SecurityLevel, type User } from 'net-snmp';

export const AUTH_PROTOCOLS = ['md5', 'sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export const PRIV_PROTOCOLS = ['des', 'aes', 'aes256b', 'aes256r'] as const;

/** SNMP v2c: a community, which is a password in clear text. */
export interface CommunityOptions {
  readonly version: '2c';
  /** The environment variable that holds the community. Default SNMP_COMMUNITY, and `public` when that is not set. */
  readonly communityFrom?: string | undefined;
}

/** SNMP v3 with authPriv: every message is signed and encrypted. */
export interface UserOptions {
  readonly version: 3;
  readonly user: string;
  /** `keyFrom`: the environment variable that holds the pass phrase, of at least 8 characters. */
  readonly auth: { readonly protocol: (typeof AUTH_PROTOCOLS)[number]; readonly keyFrom: string };
  readonly priv: { readonly protocol: (typeof PRIV_PROTOCOLS)[number]; readonly keyFrom: string };
}

export type AccessOptions = CommunityOptions | UserOptions;

/** What opens an agent: never to be logged. */
export type Access = { readonly community: string } | { readonly user: User };

type Env = Readonly<Record<string, string | undefined>>;

/** RFC 3414, 11.2: shorter pass phrases are not to be accepted. */
const SHORTEST_KEY = 8;

/** Takes the secrets from the environment. Throws a ConfigError that names a variable, never what it holds. */
export function readAccess(options: AccessOptions, env: Env): Access {
  if (options.version === '2c') {
    if (options.communityFrom === undefined) return { community: env['SNMP_COMMUNITY'] || 'public' };
    return { community: secret(env, options.communityFrom, 1) };
  }
  const { user, auth, priv } = options;
  return {
    user: {
      name: user,
      level: SecurityLevel.authPriv,
      authProtocol: AuthProtocols[auth.protocol],
      authKey: secret(env, auth.keyFrom, SHORTEST_KEY),
      privProtocol: PrivProtocols[priv.protocol],
      privKey: secret(env, priv.keyFrom, SHORTEST_KEY),
    },
  };
}

function secret(env: Env, variable: string, shortest: number): string {
  const value = env[variable];
  if (value === undefined || value === '') throw new ConfigError(`${variable} is not set; an SNMP target needs it`);
  if (value.length < shortest)
    throw new ConfigError(`${variable} has ${value.length} characters; SNMP v3 asks for at least ${shortest}`);
  return value;
}
