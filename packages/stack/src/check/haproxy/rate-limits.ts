import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { haproxyTimeMs } from '../../haproxy/time.js';
import { conditionOf, refuses } from './conditions.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';
import { exporter, statistics } from './statistics.js';

const LOCAL = /^(?:127\.|::1$|localhost$)/;

const open = ({ binds }: HaproxyProxy): boolean => binds.some(({ host }) => !LOCAL.test(host));

/** What a table has to store for each rate that a rule asks for. */
const RATE = /\bsc\d?_(http_req_rate|conn_rate|http_err_rate|sess_rate|bytes_in_rate|conn_cur)\b/g;

interface Limit {
  readonly rate: string;
  readonly line: HaproxyLine;
}

const limitsOf = (proxy: HaproxyProxy): Limit[] =>
  proxy.lines
    .filter(refuses)
    .flatMap((line) => [...conditionOf(proxy, line).matchAll(RATE)].map(([, rate]) => ({ rate: rate!, line })));

/** The tables that a proxy counts in, each with what it stores; undefined for one that is not there. */
function tablesOf(file: ProxyFile, proxy: HaproxyProxy): ReadonlyArray<HaproxyLine | undefined> {
  return proxy.lines
    .filter(({ words }) => words.some((word) => /^track-sc\d+$/.test(word)))
    .map(({ words }) => (words.includes('table') ? words[words.indexOf('table') + 1] : proxy.name))
    .map((name) => file.proxies.find((it) => it.name === name)?.last('stick-table'));
}

function limitFindings(file: ProxyFile, proxy: HaproxyProxy): Found[] {
  const limits = limitsOf(proxy);
  if (limits.every(({ rate }) => rate === 'conn_cur' || rate === 'http_err_rate')) {
    const message = `${title(proxy)} is open, and has no limit for requests from one address: one client can take all of it`;
    return [
      file.warning(
        proxy.line,
        message,
        'track "src" in a stick-table that stores http_req_rate, and answer 429 beyond it',
      ),
    ];
  }
  const tables = tablesOf(file, proxy);
  return limits.flatMap(({ rate, line }) => {
    const stored = tables.find((table) => table?.words.join(' ').includes(rate));
    if (stored === undefined) {
      // A table that is not there is the finding of another check.
      if (tables.includes(undefined)) return [];
      return [
        file.error(
          line.line,
          `${title(proxy)} limits ${rate}, which no stick-table that it tracks stores`,
          `add "store ${rate}(10s)" to the stick-table`,
        ),
      ];
    }
    const period = haproxyTimeMs(new RegExp(`${rate}\\((\\w+)\\)`).exec(stored.words.join(' '))?.[1]);
    const expire = haproxyTimeMs(stored.words[stored.words.indexOf('expire') + 1]);
    const short = period !== undefined && expire !== undefined && expire < period;
    return [
      ...(short
        ? [
            file.warning(
              stored.line,
              `entries expire after ${expire} ms, before the ${period} ms that ${rate} counts are over`,
              `write "expire ${(2 * period) / 1000}s"`,
            ),
          ]
        : []),
      ...(rate === 'http_req_rate' && line.words[0] === 'http-request' && !line.words.includes('429')
        ? [
            file.warning(
              line.line,
              `${title(proxy)} answers 403 beyond its limit, which clients take for final`,
              'write "deny_status 429", so that they come again later',
            ),
          ]
        : []),
    ];
  });
}

const limits = proxyCheck('proxy-rate-limit', 'One client cannot take all of the proxy', (file) =>
  file.fronts
    .filter((proxy) => proxy.http && open(proxy) && statistics(proxy) === undefined && exporter(proxy) === undefined)
    .flatMap((proxy) => limitFindings(file, proxy)),
);

export const rateLimitChecks = [limits];
