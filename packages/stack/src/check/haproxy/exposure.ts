import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { haproxyTimeMs } from '../../haproxy/time.js';
import { conditionOf, refuses } from './conditions.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

const LOCAL = /^(?:127\.|::1$|localhost$)/;

const open = ({ binds }: HaproxyProxy): boolean => binds.some(({ host }) => !LOCAL.test(host));

const exporter = (proxy: HaproxyProxy): HaproxyLine | undefined =>
  proxy.all('http-request', 'use-service').find(({ words }) => words[2] === 'prometheus-exporter');

/** Told by any of its lines that statistics are shown there; HAProxy shows them at /haproxy?stats then. */
const statistics = (proxy: HaproxyProxy): HaproxyLine | undefined =>
  proxy.lines.find(
    ({ words }) => words[0] === 'stats' && /^(?:enable|uri|auth|admin|refresh|scope|realm)$/.test(words[1] ?? ''),
  );

/** Some rule of it refuses by the address of who asks. */
const restricted = (proxy: HaproxyProxy): boolean =>
  proxy.lines.some((rule) => refuses(rule) && /\bsrc\b/.test(conditionOf(proxy, rule)));

function statisticsOf(file: ProxyFile, proxy: HaproxyProxy): Found[] {
  const shown = statistics(proxy) ?? exporter(proxy);
  if (shown === undefined) return [];
  const found: Found[] = [];
  const auth = proxy.all('stats', 'auth').length > 0 || proxy.all('stats', 'http-request').length > 0;
  if (open(proxy) && !auth && !restricted(proxy)) {
    const where = proxy.binds.map(({ host, port }) => `${host}:${port}`).join(', ');
    const message = `${title(proxy)} shows its statistics to whoever reaches ${where}`;
    found.push(
      file.error(
        shown.line,
        message,
        'bind it to a private address, or add "http-request deny unless { src 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 }"',
      ),
    );
  }
  const admin = proxy.all('stats', 'admin')[0];
  if (admin !== undefined) {
    const message = `${title(proxy)}: "stats admin" lets whoever sees the page take servers out, by a form that other sites can post`;
    found.push(file.error(admin.line, message, 'leave it out; the runtime socket does it'));
  }
  const routed = proxy.servers.length > 0 || proxy.last('default_backend') !== undefined;
  const denies = proxy.lines.some((rule) => refuses(rule) && rule.words[0] === 'http-request');
  if (exporter(proxy) !== undefined && !routed && !denies) {
    const message = `${title(proxy)} answers what is neither statistics nor metrics with 503, which counts as a failed service`;
    found.push(
      file.warning(proxy.line, message, 'add "http-request deny unless { path_beg /stats }" after the exporter'),
    );
  }
  return found;
}

const stats = proxyCheck('proxy-statistics', 'Statistics are for the operators, and change nothing', (file) =>
  file.fronts.flatMap((proxy) => statisticsOf(file, proxy)),
);

const isVariable = (text: string): boolean => /^\$\{?\w+/.test(text);

interface Secret {
  readonly start: readonly string[];
  /** The secret that the words hold; undefined: none. */
  readonly of: (words: readonly string[]) => string | undefined;
}

const header = (words: readonly string[]): string | undefined => {
  const at = words.findIndex((word) => /^(?:authorization|x-api-key|cookie)$/i.test(word));
  const value = at < 0 ? undefined : words[at + 1];
  return value === undefined || /%\[/.test(value) || isVariable(value.replace(/^(?:Bearer|Basic|Token) /, ''))
    ? undefined
    : value;
};

const SECRETS: readonly Secret[] = [
  { start: ['dynamic-cookie-key'], of: (words) => words[1] },
  { start: ['stats', 'auth'], of: (words) => words[2]?.split(':').slice(1).join(':') },
  { start: ['http-check', 'send'], of: header },
  { start: ['http-request', 'set-header'], of: header },
  { start: ['http-request', 'add-header'], of: header },
  {
    start: ['user'],
    of: (words) => (words.includes('insecure-password') ? words[words.indexOf('insecure-password') + 1] : undefined),
  },
];

const secrets = proxyCheck('proxy-secret', 'Secrets come from the environment and stand in no file', (file) =>
  file.config.sections.flatMap(({ kind, lines }) =>
    lines.flatMap(({ words, line }) =>
      SECRETS.filter(
        ({ start }) => (start[0] !== 'user' || kind === 'userlist') && start.every((word, at) => words[at] === word),
      ).flatMap(({ start, of }) => {
        const secret = of(words);
        if (secret === undefined || secret === '' || isVariable(secret)) return [];
        const message = `"${start.join(' ')}" has its secret written out`;
        return [
          file.error(line, message, 'write it as a variable in double quotes, and set that where HAProxy is started'),
        ];
      }),
    ),
  ),
);

const captures = proxyCheck('proxy-log-secret', 'No password or token comes into the log', (file) =>
  file.proxies.flatMap((proxy) =>
    proxy.lines
      .filter(
        ({ words }) =>
          /^(?:capture|declare)$/.test(words[0]!) || (words[0] === 'http-request' && words[1] === 'capture'),
      )
      .filter(({ words }) => /\b(?:authorization|cookie|x-api-key)\b/i.test(words.slice(1).join(' ')))
      .map(({ words, line }) =>
        file.error(
          line,
          `${title(proxy)} logs a secret: "${words.join(' ')}"`,
          'leave it out, or capture another header',
        ),
      ),
  ),
);

function cookieOf(file: ProxyFile, proxy: HaproxyProxy): Found[] {
  const cookie = proxy.last('cookie');
  if (cookie === undefined || proxy.servers.length === 0) return [];
  const { words, line } = cookie;
  const name = `${title(proxy)}: cookie ${words[1]}`;
  const found: Found[] = [];
  const unnamed = proxy.servers.find(({ options }) => !options.has('cookie'));
  if (words.includes('dynamic')) {
    if (proxy.last('dynamic-cookie-key') === undefined) {
      found.push(
        file.error(
          line,
          `${name} is dynamic, and there is no key for it`,
          'add a dynamic-cookie-key that names a variable',
        ),
      );
    }
  } else if (unnamed !== undefined) {
    const message = `${name} does nothing for server ${unnamed.name}, which has no cookie of its own`;
    found.push(file.error(line, message, 'add "dynamic" and a dynamic-cookie-key, or "cookie <value>" to each server'));
  }
  if (words.includes('insert') && !words.includes('maxlife') && !words.includes('maxidle')) {
    const message = `${name} never ends, so a server in drain keeps the browsers it has`;
    found.push(file.warning(line, message, 'add "maxidle 1h maxlife 12h"'));
  }
  if (
    words.includes('insert') &&
    !(words.includes('indirect') && words.includes('nocache') && words.includes('httponly'))
  ) {
    const message = `${name} reaches servers, caches or scripts that it is not for`;
    found.push(file.warning(line, message, 'write "insert indirect nocache httponly"'));
  }
  return found;
}

const cookies = proxyCheck('proxy-cookie', 'A sticky browser finds its server again, and can be moved', (file) =>
  file.backs.flatMap((proxy) => cookieOf(file, proxy)),
);

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

export const exposureChecks = [stats, secrets, captures, cookies, limits];
