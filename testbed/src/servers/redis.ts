import { askForAll } from '../process/ask.js';
import { type Certificates, makeCertificates } from '../process/certificates.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface RedisOptions {
  /** Every write is synced to disk before its answer, so that data survives a restart. Default: kept in memory only. */
  durable?: boolean;
  /** Asked of clients, and of the master if this is a replica. Default: none. */
  password?: string;
  /** Speaks TLS alone, with certificates of its own (true) or with these. Default: no TLS. */
  tls?: boolean | Certificates;
  /** The loopback port of a master that it follows. Default: it is a master itself. */
  replicaOf?: number;
}

export interface RedisDetails {
  readonly url: string;
  /** The root that its certificate can be verified with, in PEM; empty without TLS. */
  readonly ca: string;
}

export const redis: ServerDefinition<RedisOptions, RedisDetails> = {
  program: 'redis-server',
  debianPackage: 'redis-server',
  async plan(dir, { durable = false, password, tls = false, replicaOf }) {
    const port = await freePort();
    const certificates = tls === true ? await makeCertificates(dir) : tls || undefined;
    const log = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const secret = password === undefined ? [] : ['--requirepass', password, '--masterauth', password];
    const master = replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOf)];
    // A replica is synced at once, not after the five seconds in which others might come along.
    const common = ['--bind', '127.0.0.1', '--dir', dir, '--save', '', '--repl-diskless-sync-delay', '0'];
    return {
      port,
      args: [...common, ...listening(port, certificates).flatMap(asArgument), ...log, ...secret, ...master],
      details: {
        url: `${certificates === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
        ca: certificates?.ca ?? '',
      },
      ready: () => expectPong(port, password, certificates?.ca),
    };
  },
};

/** Where a Redis or a Sentinel listens, as lines of its configuration. */
export function listening(port: number, tls: Certificates | undefined): string[] {
  if (tls === undefined) return [`port ${port}`];
  const files = [`tls-cert-file ${tls.certFile}`, `tls-key-file ${tls.keyFile}`, `tls-ca-cert-file ${tls.caFile}`];
  return ['port 0', `tls-port ${port}`, ...files, 'tls-auth-clients no', 'tls-replication yes'];
}

/** Asks a Redis or a Sentinel, and returns what it answered, as it came. */
export function askRedis(
  port: number,
  command: string,
  { password, ca }: { password?: string | undefined; ca?: string | undefined } = {},
): Promise<string> {
  const login = password === undefined ? '' : `AUTH ${password}\r\n`;
  return askForAll(port, `${login}${command}\r\n`, ca);
}

export async function expectPong(port: number, password?: string, ca?: string): Promise<void> {
  const answer = await askRedis(port, 'PING', { password, ca });
  if (!answer.includes('+PONG\r\n')) throw new Error(`it answered PING with ${JSON.stringify(answer)}`);
}

function asArgument(line: string): string[] {
  const [name = '', ...rest] = line.split(' ');
  return [`--${name}`, rest.join(' ')];
}
