import { isIP } from 'node:net';
import { type Dispatcher, errors } from 'undici';
import type { Connection, Destination } from './connection.js';
import type { Exchange } from './exchange.js';
import { Origin } from './origin.js';

/** Where a pool's sockets lead: scheme, host and port, and for TLS the name that the certificate must be for. */
export class HttpOrigin extends Origin<Connection<HttpOrigin>, Exchange<HttpOrigin>> implements Destination {
  readonly url: URL;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly servername: string | undefined;

  constructor({ key, origin, servername }: OriginKey) {
    super(key);
    this.url = new URL(origin);
    this.secure = this.url.protocol === 'https:';
    this.host = this.url.hostname.replace(/^\[|\]$/g, '');
    this.port = this.url.port === '' ? (this.secure ? 443 : 80) : Number(this.url.port);
    this.servername = servername;
  }
}

/** What tells origins apart. Requests for other TLS server names need other sockets, as a handshake is for one name. */
export interface OriginKey {
  readonly key: string;
  readonly origin: string;
  readonly servername: string | undefined;
}

/**
 * Reads off a request where it goes.
 * @throws undici's InvalidArgumentError where that is nowhere.
 */
export function originKey(options: Dispatcher.DispatchOptions & { servername?: string }): OriginKey {
  const given = options.origin;
  const origin = typeof given === 'string' ? given : given?.origin;
  if (origin === undefined || origin === '')
    throw new errors.InvalidArgumentError('opts.origin must be a non-empty string or URL.');
  if (!origin.startsWith('https:')) return { key: origin, origin, servername: undefined };
  const servername = options.servername || hostName(hostHeader(options.headers));
  return { key: servername === undefined ? origin : `${origin} ${servername}`, origin, servername };
}

/**
 * The same with the origin in its one spelling: `HTTP://A.test:80/` is `http://a.test`.
 * @throws undici's InvalidArgumentError where it is no origin of HTTP.
 */
export function normalKey({ origin, servername }: OriginKey): OriginKey {
  if (!URL.canParse(origin)) throw new errors.InvalidArgumentError(`invalid origin: ${JSON.stringify(origin)}`);
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new errors.InvalidArgumentError(`invalid origin: ${url.protocol} is not http: or https:`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new errors.InvalidArgumentError('invalid origin: it has more than scheme, host and port');
  const key = servername === undefined ? url.origin : `${url.origin} ${servername}`;
  return { key, origin: url.origin, servername };
}

/** The value of the Host header, in whatever form undici takes headers; not a generator, see `replayable`. */
function hostHeader(headers: Dispatcher.DispatchOptions['headers']): string | undefined {
  if (headers === null || headers === undefined) return undefined;
  if (Array.isArray(headers)) {
    const at = headers.findIndex((name, index) => index % 2 === 0 && isHost(name));
    return at === -1 ? undefined : String(headers[at + 1]);
  }
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [name, value] of entries as Iterable<[string, unknown]>) if (isHost(name)) return String(value);
  return undefined;
}

const isHost = (name: unknown): boolean =>
  typeof name === 'string' && name.length === 4 && name.toLowerCase() === 'host';

/** The server name that a Host header asks for, as undici reads it: an address is none. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || host.startsWith('[')) return undefined;
  const name = host.replace(/:.*$/, '');
  return name === '' || isIP(name) !== 0 ? undefined : name;
}
