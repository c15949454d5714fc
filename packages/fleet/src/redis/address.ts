import { ConfigError } from '@breakwater/resilience';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, or the Sentinels that know. */
export interface RedisAddress {
  readonly tls: boolean;
  /** One server, or the Sentinels. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  /** What the Sentinels call the master that is meant. */
  readonly master: string | undefined;
  readonly db: number;
}

/** What is read, and where user and password belong. */
export interface AddressSource {
  readonly name: string;
  readonly credentials: string;
}

const FORMS =
  'redis://host[:port][/db], rediss:// for TLS, or redis+sentinel://host[:port],…/master[/db] and rediss+sentinel://';
const URL_FORM = /^(rediss?)(\+sentinel)?:\/\/([^/]+)(?:\/(.*))?$/i;
const HOST_AND_PORT = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i;
const MASTER = /^[A-Za-z0-9._-]{1,128}$/;
const DATABASE = /^\d{1,6}$/;
const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/**
 * Reads the URL of a Redis, or of the Sentinels that watch over one.
 * @throws ConfigError, which never repeats what might be a password.
 */
export function redisAddress(text: string, { name, credentials }: AddressSource): RedisAddress {
  const wrong = () => new ConfigError(`${name} holds ${quoted(text)}; it must be ${FORMS}`);
  if (text.includes('@')) {
    throw new ConfigError(`${name} holds a user or a password for ${quoted(text)}; ${credentials}`);
  }
  if (/[?#]/.test(text)) throw new ConfigError(`${name} holds a query or a fragment; it must be ${FORMS}`);
  const [, scheme, sentinel, hosts, path = ''] = URL_FORM.exec(text) ?? [];
  if (scheme === undefined || hosts === undefined) throw wrong();
  const tls = scheme.toLowerCase() === 'rediss';
  const [first, ...others] = hosts
    .split(',')
    .map((part) => endpoint(part, sentinel === undefined ? REDIS_PORT : SENTINEL_PORT));
  if (first === undefined || others.includes(undefined)) throw wrong();
  const endpoints: [Endpoint, ...Endpoint[]] = [first, ...(others as Endpoint[])];
  const [master, db, rest] = sentinel === undefined ? [undefined, ...path.split('/')] : path.split('/');
  if (rest !== undefined || (sentinel === undefined && others.length > 0)) throw wrong();
  if (sentinel !== undefined && (master === undefined || !MASTER.test(master))) throw wrong();
  if (db !== undefined && db !== '' && !DATABASE.test(db)) throw wrong();
  return { tls, endpoints, master, db: Number(db ?? 0) };
}

/** For people: `host:port/db`, or `master of host:port, host:port`. */
export function addressText({ endpoints, master, db }: RedisAddress): string {
  const hosts = endpoints.map(endpointText).join(', ');
  const database = db === 0 ? '' : `/${db}`;
  return master === undefined ? `${hosts}${database}` : `${master}${database} of the Sentinels ${hosts}`;
}

export const endpointText = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function endpoint(text: string, defaultPort: number): Endpoint | undefined {
  const [, six, name, digits = String(defaultPort)] = HOST_AND_PORT.exec(text.trim()) ?? [];
  const [host, port] = [six ?? name, Number(digits)];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** What comes before an @ may be a password. */
function quoted(text: string): string {
  const shown = text.includes('@') ? `…${text.slice(text.lastIndexOf('@'))}` : text;
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
}
