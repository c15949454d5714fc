import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { conditionOf, refuses, rules } from './conditions.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** Its servers that get requests beside each other, and look like InfluxDB. */
function databases({ servers }: HaproxyProxy): string[] {
  return servers
    .filter(({ options }) => !options.has('backup') && !options.has('disabled'))
    .filter(({ name, host, port }) => port === 8086 || /influx/i.test(`${name} ${host}`))
    .flatMap(({ name, template, slots }) =>
      template ? Array.from({ length: slots }, (_, at) => `${name}${at + 1}`) : [name],
    );
}

/** A rule before which writes part from reads: its condition names the path of writes. */
const partsWrites = (proxy: HaproxyProxy, rule: HaproxyLine): boolean =>
  /(?:^|[\s/^])write\b/.test(conditionOf(proxy, rule)) && !/unless/.test(rule.words.join(' '));

/** The backends that a write of a front can come to. */
function takersOfWrites(file: ProxyFile, front: HaproxyProxy): Array<{ to: HaproxyProxy; line: number }> {
  if (rules(front, 'http-request').some((rule) => refuses(rule) && partsWrites(front, rule))) return [];
  const takers: Array<{ to: HaproxyProxy; line: number }> = [];
  for (const rule of rules(front, 'use_backend')) {
    const to = file.back(rule.words[1]);
    if (to !== undefined) takers.push({ to, line: rule.line });
    // Whatever comes after gets no writes any more.
    if (partsWrites(front, rule)) return takers;
  }
  const standard = front.last('default_backend');
  const to = front.back ? front : file.back(standard?.words[1]);
  return to === undefined ? takers : [...takers, { to, line: standard?.line ?? front.line }];
}

const writes = proxyCheck('proxy-writes', 'Writes are not shared out between independent InfluxDB servers', (file) =>
  file.fronts.flatMap((front) =>
    takersOfWrites(file, front).flatMap(({ to, line }): Found[] => {
      const servers = databases(to);
      if (servers.length < 2) return [];
      const message = `${title(front)} shares writes out between ${servers.slice(0, 3).join(', ')} of ${title(to)}: each has a part of the points, and no query sees all`;
      const fix =
        'send /write and /api/v2/write to something that writes to each, such as the write gateway, and balance only reads; or keep one server and mark the others "backup"';
      return [file.error(line, message, fix)];
    }),
  ),
);

/** What `retry-on` sends again beyond requests that never left. */
const SAFE = new Set(['conn-failure', 'none', '0rtt-rejected']);

function guarded(file: ProxyFile, proxy: HaproxyProxy): boolean {
  const disabled = (at: HaproxyProxy) =>
    at.all('http-request', 'disable-l7-retry').some((rule) => {
      const condition = conditionOf(at, rule);
      return condition === '' || /METH_|method/.test(condition);
    });
  const askers = file.fronts.filter(({ lines }) =>
    lines.some(({ words }) => /^(?:use|default)_backend$/.test(words[0]!) && words[1] === proxy.name),
  );
  return disabled(proxy) || (askers.length > 0 && askers.every(disabled));
}

const retries = proxyCheck('proxy-retry', 'Only requests that change nothing are sent twice', (file) =>
  file.backs
    .filter(({ servers, http }) => servers.length > 0 && http)
    .flatMap((proxy) => {
      const retry = proxy.last('retry-on');
      const unsafe = retry?.words.slice(1).filter((word) => !SAFE.has(word)) ?? [];
      if (retry === undefined || unsafe.length === 0 || guarded(file, proxy)) return [];
      const message = `${title(proxy)}: "retry-on ${unsafe.join(' ')}" sends a POST again that a server may have carried out`;
      return [
        file.error(
          retry.line,
          message,
          'add "http-request disable-l7-retry unless METH_GET", or write "retry-on conn-failure"',
        ),
      ];
    }),
);

const redispatch = proxyCheck('proxy-redispatch', 'A request that could not be sent goes to another server', (file) =>
  file.backs
    .filter(({ servers }) => servers.length > 1 || servers.some(({ slots }) => slots > 1))
    .filter((proxy) => proxy.last('option', 'redispatch') === undefined && proxy.last('retries')?.words[1] !== '0')
    .filter((proxy) => proxy.last('balance') !== undefined || proxy.last('cookie') !== undefined)
    .map((proxy) =>
      file.warning(
        proxy.line,
        `${title(proxy)} has no "option redispatch": a browser that sticks to a server that died gets errors until its checks fail`,
        'add "option redispatch 1"',
      ),
    ),
);

export const routingChecks = [writes, retries, redispatch];
