import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { conditionOf, refuses } from './conditions.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** Loopback and private addresses (RFC 1918, RFC 4193). */
const PRIVATE = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|localhost$)/i;

export const exporter = (proxy: HaproxyProxy): HaproxyLine | undefined =>
  proxy.all('http-request', 'use-service').find(({ words }) => words[2] === 'prometheus-exporter');

/** Told by any of its lines that statistics are shown there; HAProxy shows them at /haproxy?stats then. */
export const statistics = (proxy: HaproxyProxy): HaproxyLine | undefined =>
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
  const open = proxy.binds.some(({ host }) => !PRIVATE.test(host));
  if (open && !auth && !restricted(proxy)) {
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

export const statisticsChecks = [stats];
