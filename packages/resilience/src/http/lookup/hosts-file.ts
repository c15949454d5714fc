import { isIP } from 'node:net';
import type { Address } from './name-lookup.js';

/** The hosts file: lower-case name to addresses, in the order of the file. */
export type Hosts = ReadonlyMap<string, readonly Address[]>;

/** Reads the text of a hosts file (hosts(5)): an address, then names. What is no address is skipped, as in glibc. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, Address[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address) as 0 | 4 | 6;
    if (family === 0) continue;
    for (const name of names) add(hosts, name.toLowerCase(), { address, family });
  }
  return hosts;
}

function add(hosts: Map<string, Address[]>, name: string, entry: Address): void {
  const known = hosts.get(name);
  if (known === undefined) hosts.set(name, [entry]);
  else if (!known.some(({ address }) => address === entry.address)) known.push(entry);
}
