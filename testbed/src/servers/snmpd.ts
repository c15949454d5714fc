import { createSocket } from 'node:dgram';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

/** A user of SNMPv3 with authPriv. */
export interface SnmpUser {
  readonly name: string;
  readonly auth: { readonly protocol: 'sha' | 'sha256'; readonly key: string };
  readonly priv: { readonly protocol: 'aes'; readonly key: string };
}

export interface SnmpdOptions {
  /** Read-only community for v2c. Default `public`. */
  community?: string;
  /** Default: `telemetry` (SHA-256 and AES) and `telemetry-sha` (SHA and AES). Keys have at least eight characters. */
  users?: readonly SnmpUser[];
  /** What sysName and sysLocation answer. */
  system?: { name?: string; location?: string };
}

export interface SnmpdDetails {
  readonly community: string;
  readonly users: readonly SnmpUser[];
}

const USERS: readonly SnmpUser[] = [
  {
    name: 'telemetry',
    auth: { protocol: 'sha256', key: 'testbed-auth-key' },
    priv: { protocol: 'aes', key: 'testbed-priv-key' },
  },
  {
    name: 'telemetry-sha',
    auth: { protocol: 'sha', key: 'testbed-auth-key' },
    priv: { protocol: 'aes', key: 'testbed-priv-key' },
  },
];
const AUTH_NAMES = { sha: 'SHA', sha256: 'SHA-256' };

/** Net-SNMP's agent for v2c and v3; it shows this machine, whose loopback interface is in ifTable. */
export const snmpd: ServerDefinition<SnmpdOptions, SnmpdDetails> = {
  program: 'snmpd',
  debianPackage: 'snmpd',
  async plan(dir, { community = 'public', users = USERS, system = {} }) {
    const port = await freePort();
    const config = join(dir, 'snmpd.conf');
    const state = join(dir, 'state');
    await mkdir(state);
    const lines = [
      `agentAddress udp:127.0.0.1:${port}`,
      `sysName ${system.name ?? 'testbed'}`,
      `sysLocation ${system.location ?? 'loopback'}`,
      `rocommunity ${community} 127.0.0.1`,
      ...users.flatMap(({ name, auth, priv }) => [
        `createUser ${name} ${AUTH_NAMES[auth.protocol]} "${auth.key}" AES "${priv.key}"`,
        `rouser ${name} authPriv`,
      ]),
    ];
    await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
    return {
      port,
      // -C -c: this file only. -f: in the foreground. -Lo: log to stdout. -m: no names for OIDs.
      args: ['-f', '-Lo', '-C', '-c', config, '-m', '', '-p', join(dir, 'pid')],
      env: { SNMP_PERSISTENT_DIR: state },
      details: { community, users },
      ready: () => getUptime(port, community),
    };
  },
};

const GET_RESPONSE = 0xa2;
const PATIENCE_MS = 500;

/** Asks for sysUpTime.0 with v2c, and is content with any GetResponse. */
function getUptime(port: number, community: string): Promise<void> {
  const socket = createSocket('udp4');
  return new Promise<void>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`no SNMP answer on port ${port}`)), PATIENCE_MS);
    socket.once('error', reject);
    socket.once('message', (answer) => {
      clearTimeout(patience);
      // Sequence, version and community come before the answer's own tag; all lengths are below 128.
      if (answer[7 + Buffer.byteLength(community)] === GET_RESPONSE) resolve();
      else reject(new Error(`port ${port} answered with something that is no SNMP response`));
    });
    socket.send(uptimeRequest(community), port, '127.0.0.1');
  }).finally(() => socket.close());
}

/** The request in BER (RFC 3416): a sequence is its tag, its length and its parts. */
function uptimeRequest(community: string): Buffer {
  const part = (tag: number, ...content: Array<Uint8Array | number[]>): Buffer => {
    const body = Buffer.concat(content.map((piece) => Buffer.from(piece)));
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  };
  const integer = (value: number) => part(0x02, [value]);
  const sysUpTime = part(0x06, [0x2b, 6, 1, 2, 1, 1, 3, 0]);
  const nothing = part(0x05);
  const bindings = part(0x30, part(0x30, sysUpTime, nothing));
  const get = part(0xa0, integer(1), integer(0), integer(0), bindings);
  return part(0x30, integer(1), part(0x04, Buffer.from(community)), get);
}
