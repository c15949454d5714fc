import { hostname } from 'node:os';

/** As long as a name may be, with room for a port. */
const LONGEST_HOST = 90;

/** What a collector is called that was given no name: the same after a restart, and no other on the machine has it. */
export function replicaId(port: number, host: string = hostname()): string {
  const name = host.slice(0, LONGEST_HOST).replace(/[^A-Za-z0-9_.-]/g, '-');
  return `${name === '' ? 'localhost' : name}:${port}`;
}
