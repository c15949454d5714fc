import { isIP } from 'node:net';
import { ConfigError } from '../../core/errors.js';

const MOST_SERVERS = 16;

/**
 * Checks a list of name servers and writes each as c-ares wants it: `address`, `address:port` or `[address]:port`.
 * @param source What the list is called in messages, such as `DNS_SERVERS`.
 * @throws ConfigError naming the entry that is no address.
 */
export function checkServers(entries: readonly string[], source: string): string[] {
  if (entries.length === 0 || entries.length > MOST_SERVERS) {
    throw new ConfigError(`${source} has ${entries.length} name servers; it must have 1 to ${MOST_SERVERS}`);
  }
  return entries.map((entry) => checkServer(entry, source));
}

function checkServer(entry: string, source: string): string {
  if (isIP(entry) !== 0) return entry;
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const portNumber = port === undefined ? 53 : Number(port);
  if (portNumber >= 1 && portNumber <= 65_535) {
    if (bracketed !== undefined && isIP(bracketed) === 6) return `[${bracketed}]:${portNumber}`;
    if (plain !== undefined && isIP(plain) === 4) return `${plain}:${portNumber}`;
  }
  throw new ConfigError(
    `${source} has ${JSON.stringify(entry)}; a name server is an IP address, with a port as in 10.0.0.2:53 or [2001:db8::2]:53`,
  );
}
