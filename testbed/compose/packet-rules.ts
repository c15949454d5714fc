import { readFile, writeFile } from 'node:fs/promises';
import { run } from './command.js';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const TABLES = ['filter', 'nat'] as const;

/** How the machine passes packets on, as an engine changes it and leaves it when it ends. */
export interface PacketRules {
  readonly forwarding: string;
  /** By table, as `iptables -S` lists them. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

export async function readPacketRules(): Promise<PacketRules> {
  const lines = new Map<string, readonly string[]>();
  for (const table of TABLES) lines.set(table, (await run('iptables', ['-t', table, '-S'])).trim().split('\n'));
  return { forwarding: await readFile(FORWARDING, 'utf8'), lines };
}

/** Takes away what is of Docker and was not there before; what others changed meanwhile stays. */
export async function removeAdded(before: PacketRules): Promise<void> {
  const now = await readPacketRules();
  for (const [table, lines] of now.lines) {
    const known = new Set(before.lines.get(table));
    const added = lines.filter((line) => !known.has(line) && /\bDOCKER\b|\bDOCKER-/.test(line));
    // Rules first: a chain that a rule leads to cannot be removed.
    const rules = added.filter((line) => line.startsWith('-A ')).map((line) => line.replace(/^-A/, '-D'));
    const chains = added.filter((line) => line.startsWith('-N ')).map((line) => line.replace(/^-N/, '-X'));
    for (const line of [...rules, ...chains]) await run('iptables', ['-t', table, ...line.split(' ')]);
    const policy = before.lines.get(table)?.find((line) => line === '-P FORWARD ACCEPT');
    if (policy !== undefined && lines.includes('-P FORWARD DROP')) {
      await run('iptables', ['-t', table, ...policy.split(' ')]);
    }
  }
  if (now.forwarding !== before.forwarding) await writeFile(FORWARDING, before.forwarding);
}
