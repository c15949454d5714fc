import { once } from 'node:events';
import { createServer } from 'node:net';

const TRIES = 20;

/** Gives every name a loopback address of its own, in a net that nobody uses, so that each service has its real port. */
export async function loopbackAddresses(names: readonly string[], probePort: number): Promise<Map<string, string>> {
  for (let tries = 0; tries < TRIES; tries++) {
    const net = 64 + Math.floor(Math.random() * 128);
    const addresses = new Map(names.map((name, index) => [name, `127.${net}.0.${index + 1}`]));
    const free = await Promise.all([...addresses.values()].map((address) => isFree(address, probePort)));
    if (free.every(Boolean)) return addresses;
  }
  throw new Error(`stack: no loopback net with free addresses in ${TRIES} tries`);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
