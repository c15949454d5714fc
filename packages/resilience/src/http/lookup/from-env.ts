import type { Environment } from '../../config/env.js';
import { checkServers } from './server-list.js';
import type { NameLookupOptions } from './system-lookup.js';

/**
 * `DNS_SERVERS`: name servers instead of those in resolv.conf, separated by commas or blanks, each an IP address with an
 * optional port (`10.0.0.2, [2001:db8::2]:5353`). Unset or empty: those of the system.
 * @throws ConfigError naming the entry that is no address.
 */
export function nameLookupFromEnv(env: Environment = process.env): NameLookupOptions {
  const entries = (env['DNS_SERVERS'] ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.length === 0 ? {} : { servers: checkServers(entries, 'DNS_SERVERS') };
}
