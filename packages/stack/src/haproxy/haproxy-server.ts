import { isIP } from 'node:net';
import type { HaproxyLine } from './haproxy-config.js';

/** Options of a server line that are followed by a value. */
const VALUED = new Set(
  (
    'addr agent-addr agent-inter agent-port agent-send alpn ca-file check-alpn check-proto check-sni check-via-socks4 ' +
    'ciphers ciphersuites cookie crl-file crt downinter error-limit fall fastinter id init-addr init-state inter ' +
    'log-proto max-reuse maxconn maxqueue minconn namespace npn observe on-error on-marked-down on-marked-up ' +
    'pool-low-conn pool-max-conn pool-purge-delay port proto proxy-v2-options redir resolve-net resolve-opts ' +
    'resolve-prefer resolvers rise shard slowstart sni socks4 source ssl-max-ver ssl-min-ver tcp-ut track verify ' +
    'verifyhost weight ws'
  ).split(' '),
);

export interface HaproxyServer {
  /** For a `server-template`, the prefix of the names. */
  readonly name: string;
  readonly template: boolean;
  /** One, or as many as a `server-template` makes. */
  readonly slots: number;
  readonly host: string;
  readonly port: number | undefined;
  /** The address is a name that somebody has to look up. */
  readonly byName: boolean;
  readonly line: number;
  /** What the line says, or the `default-server` lines before it; the empty text for a word that takes no value. */
  readonly options: ReadonlyMap<string, string>;
}

/** Reads `server` and `server-template` lines, each with what the `default-server` lines before it say. */
export function readServers(inherited: readonly HaproxyLine[], lines: readonly HaproxyLine[]): HaproxyServer[] {
  const servers: HaproxyServer[] = [];
  const standard = new Map<string, string>();
  for (const { words } of inherited) if (words[0] === 'default-server') takeOptions(words.slice(1), standard);
  for (const { words, line } of lines) {
    if (words[0] === 'default-server') takeOptions(words.slice(1), standard);
    if (words[0] === 'server' && words.length >= 3) {
      servers.push(server(words, line, 1, new Map(standard), words[2]!, 3));
    }
    if (words[0] === 'server-template' && words.length >= 4) {
      servers.push(server(words, line, countOf(words[2]!), new Map(standard), words[3]!, 4));
    }
  }
  return servers;
}

function server(
  words: readonly string[],
  line: number,
  slots: number,
  options: Map<string, string>,
  address: string,
  rest: number,
): HaproxyServer {
  takeOptions(words.slice(rest), options);
  const { host, port } = readAddress(address);
  const byName = isIP(host) === 0 && /^[a-z0-9_]/i.test(host) && !address.includes('@');
  return { name: words[1]!, template: words[0] === 'server-template', slots, host, port, byName, line, options };
}

/** `5` makes five, `1-20` makes twenty, `3-5` makes three. */
function countOf(range: string): number {
  const [low, high] = range.split('-').map(Number);
  return high === undefined ? (low ?? 0) : high - (low ?? 1) + 1;
}

/** `host:port`, `[v6]:port`, and the port of `:8080`, `*:8080`, `ipv4@10.0.0.1:80`. */
export function readAddress(address: string): { host: string; port: number | undefined } {
  const plain = address.replace(/^(?:ipv[46]|tcp[46]?|quic[46])@/, '');
  const [, host = plain, port] = /^(.*):[+-]?(\d+)$/.exec(plain) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? undefined : Number(port) };
}

function takeOptions(words: readonly string[], options: Map<string, string>): void {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (VALUED.has(word)) options.set(word, words[++at] ?? '');
    else if (word.startsWith('no-')) options.delete(word.slice(3));
    else options.set(word, '');
  }
}
