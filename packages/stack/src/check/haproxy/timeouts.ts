import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { haproxyTimeMs } from '../../haproxy/time.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

interface Timeout {
  readonly name: string;
  readonly of: (proxy: HaproxyProxy) => boolean;
  readonly why: string;
  readonly fix: string;
  readonly severity: 'error' | 'warning';
}

const served = ({ back, servers }: HaproxyProxy): boolean => back && servers.length > 0;

const TIMEOUTS: readonly Timeout[] = [
  {
    name: 'client',
    of: ({ front }) => front,
    why: 'a client that is gone without a word keeps its connection for ever',
    fix: '30s',
    severity: 'error',
  },
  {
    name: 'http-request',
    of: ({ front, http }) => front && http,
    why: 'a client that sends its request byte by byte keeps its connection as long as it likes',
    fix: '10s',
    severity: 'error',
  },
  {
    name: 'connect',
    of: served,
    why: 'a server that does not answer holds a request for ever',
    fix: '2s',
    severity: 'error',
  },
  { name: 'server', of: served, why: 'a server that hangs holds a request for ever', fix: '60s', severity: 'error' },
  {
    name: 'queue',
    of: (proxy) => served(proxy) && proxy.http,
    why: 'a request waits for a free server as long as for a connection',
    fix: '5s',
    severity: 'warning',
  },
  {
    name: 'tunnel',
    of: (proxy) => served(proxy) && proxy.http && proxy.all('cookie').length > 0,
    why: 'WebSockets, such as those of Grafana Live, are cut after "timeout server"',
    fix: '1h',
    severity: 'warning',
  },
];

/** One finding for all proxies that lack it: it is one line in `defaults`. */
function missing(file: ProxyFile, { name, of, why, fix, severity }: Timeout): Found[] {
  const without = file.proxies.filter((proxy) => of(proxy) && !set(proxy, name));
  if (without.length === 0) return [];
  const who = without.map(title).join(', ');
  const message = `${who} ${without.length === 1 ? 'has' : 'have'} no "timeout ${name}": ${why}`;
  return [
    {
      severity,
      file: file.config.file,
      line: without[0]!.line,
      message,
      fix: `write "timeout ${name} ${fix}" in defaults`,
    },
  ];
}

function halfClosed(file: ProxyFile, proxy: HaproxyProxy): Found[] {
  const tunnel = proxy.front ? proxy.last('timeout', 'tunnel') : undefined;
  if (tunnel === undefined || proxy.last('timeout', 'client-fin') !== undefined) return [];
  const message = `${title(proxy)} has "timeout tunnel ${tunnel.words[2]}" and no "timeout client-fin": a client that closed half of a WebSocket keeps it that long`;
  return [file.warning(tunnel.line, message, 'write "timeout client-fin 30s"')];
}

/** HAProxy takes 0 for no timeout. */
const set = (proxy: HaproxyProxy, name: string): boolean =>
  (haproxyTimeMs(proxy.last('timeout', name)?.words[2]) ?? 0) > 0;

const timeouts = proxyCheck('proxy-timeout', 'Nobody, client or server, can hold a connection for ever', (file) => [
  ...TIMEOUTS.flatMap((timeout) => missing(file, timeout)),
  ...file.proxies.flatMap((proxy) => halfClosed(file, proxy)),
]);

export const timeoutChecks = [timeouts];
