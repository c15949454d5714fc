import { Resolver } from 'node:dns/promises';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME'; readonly name: string; readonly target: string }
  | { readonly type: 'TXT'; readonly name: string; readonly text: string }
  | { readonly type: 'MX'; readonly name: string; readonly host: string; readonly preference: number }
  | { readonly type: 'SRV'; readonly name: string; readonly target: string; readonly port: number };

export interface DnsmasqOptions {
  /** Added to what it answers by itself: `example.test` (A, AAAA, TXT, MX) and its alias `www.example.test`. */
  records?: readonly DnsRecord[];
  /** Seconds that an answer may be kept. Default 60. */
  ttlSeconds?: number;
  /** Names that it asks another name server for, each time, and which (`127.0.0.1:port`). */
  forward?: Readonly<Record<string, string>>;
}

export interface DnsmasqDetails {
  /** `127.0.0.1:port`, as `dns.setServers` takes it. */
  readonly server: string;
  /** Every record it answers; other names under `.test` do not exist, all others are refused. */
  readonly records: readonly DnsRecord[];
  /** A hosts file that it answers from too: write it and send SIGHUP to change what is answered. */
  readonly hostsFile: string;
}

// Addresses of the documentation ranges (RFC 5737, RFC 3849), names of the testing domain (RFC 6761).
const RECORDS: readonly DnsRecord[] = [
  { type: 'A', name: 'example.test', address: '192.0.2.10' },
  { type: 'AAAA', name: 'example.test', address: '2001:db8::10' },
  { type: 'TXT', name: 'example.test', text: 'a name for tests' },
  { type: 'MX', name: 'example.test', host: 'mail.example.test', preference: 10 },
  { type: 'CNAME', name: 'www.example.test', target: 'example.test' },
];

/** A name server for UDP and TCP that knows only what it was told. */
export const dnsmasq: ServerDefinition<DnsmasqOptions, DnsmasqDetails> = {
  program: 'dnsmasq',
  debianPackage: 'dnsmasq-base',
  async plan(dir, { records: added = [], ttlSeconds = 60, forward = {} }) {
    const port = await freePort();
    const records = [...RECORDS, ...added];
    const config = join(dir, 'dnsmasq.conf');
    const hostsFile = join(dir, 'hosts');
    await writeFile(hostsFile, '');
    const common = ['listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts', 'local=/test/'];
    const own = [
      `port=${port}`,
      `local-ttl=${ttlSeconds}`,
      `user=${userInfo().username}`,
      // Another group, which it would take as root, makes Linux forget to end it with us.
      ...(process.getuid?.() === 0 ? ['group=root'] : []),
      `pid-file=${dir}/pid`,
      `addn-hosts=${hostsFile}`,
      'cache-size=0',
      ...Object.entries(forward).map(([name, server]) => `server=/${name}/${server.replace(':', '#')}`),
    ];
    await writeFile(config, `${[...common, ...own, ...records.map(line)].join('\n')}\n`);
    return {
      port,
      args: ['--keep-in-foreground', '--log-facility=-', `--conf-file=${config}`],
      details: { server: `127.0.0.1:${port}`, records, hostsFile },
      async ready() {
        const resolver = new Resolver({ timeout: 500, tries: 1 });
        resolver.setServers([`127.0.0.1:${port}`]);
        await resolver.resolve4('example.test');
      },
    };
  },
};

function line(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return `host-record=${record.name},${record.address}`;
    case 'CNAME':
      return `cname=${record.name},${record.target}`;
    case 'TXT':
      return `txt-record=${record.name},"${record.text}"`;
    case 'MX':
      return `mx-host=${record.name},${record.host},${record.preference}`;
    case 'SRV':
      return `srv-host=${record.name},${record.target},${record.port}`;
  }
}
