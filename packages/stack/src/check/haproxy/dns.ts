import type { HaproxySection } from '../../haproxy/haproxy-config.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** Header, question and EDNS of an answer, and one address record with a compressed name (RFC 1035, 4.1). */
const ANSWER_BYTES = 12 + 100 + 11;
const ADDRESS_BYTES = 16;
const STANDARD_PAYLOAD = 512;

const resolved = proxyCheck(
  'proxy-resolvers',
  'Servers that are found by name are looked up again while the proxy runs',
  (file) =>
    file.backs.flatMap((proxy) =>
      proxy.servers
        .filter(({ byName, host, options }) => byName && host !== 'localhost' && !options.has('resolvers'))
        .map(({ name, host, template, line }) => {
          const message = `${title(proxy)}: ${host} of ${template ? 'server-template' : 'server'} ${name} is looked up once, at the start: a container that comes back elsewhere is never found`;
          const fix = 'add "resolvers <name> init-addr none" and a section resolvers';
          return template ? file.error(line, message, fix) : file.warning(line, message, fix);
        }),
    ),
);

const initAddress = proxyCheck('proxy-init-addr', 'Servers with resolvers leave the first look-up to them', (file) =>
  file.backs.flatMap((proxy) =>
    proxy.servers
      .filter(({ byName, options }) => byName && options.has('resolvers'))
      .flatMap(({ name, host, options, line }) => {
        const told = options.get('init-addr');
        const ways = (told ?? 'last,libc').split(',');
        if (!ways.includes('libc')) return [];
        const why =
          told === undefined
            ? `server ${name} has no init-addr, so libc looks ${host} up first, and HAProxy does not start while that name is not known`
            : `server ${name} mixes libc ("init-addr ${told}") with resolvers, which read other files and can disagree about ${host}`;
        return [file.error(line, `${title(proxy)}: ${why}`, 'write "init-addr none", or "init-addr last,none"')];
      }),
  ),
);

const setting = ({ lines }: HaproxySection, ...start: string[]): string | undefined =>
  lines.findLast(({ words }) => start.every((word, at) => words[at] === word))?.words[start.length];

function hold(file: ProxyFile, section: HaproxySection): Found[] {
  const name = section.name ?? '';
  const servers = section.lines.some(({ words }) => words[0] === 'nameserver' || words[0] === 'parse-resolv-conf');
  const obsolete = setting(section, 'hold', 'obsolete');
  return [
    ...(servers
      ? []
      : [file.error(section.line, `resolvers ${name} has nobody to ask`, 'add "parse-resolv-conf" or a nameserver')]),
    ...(obsolete === undefined || /^0\D*$/.test(obsolete)
      ? [
          file.warning(
            section.line,
            `resolvers ${name}: without "hold obsolete" a server loses its address with the first answer that leaves it out`,
            'add "hold obsolete 30s"',
          ),
        ]
      : []),
  ];
}

const holds = proxyCheck(
  'proxy-dns-hold',
  'One answer of DNS that is short, or none at all, takes no server away',
  (file) => file.config.named('resolvers').flatMap((section) => hold(file, section)),
);

const payload = proxyCheck(
  'proxy-dns-payload',
  'An answer of DNS with an address for each slot fits into what the proxy accepts',
  (file) =>
    file.backs.flatMap((proxy) =>
      proxy.servers
        .filter(({ template }) => template)
        .flatMap(({ name, slots, options }) => {
          const section = file.config.named('resolvers').find((it) => it.name === options.get('resolvers'));
          if (section === undefined) return [];
          const size = Number(setting(section, 'accepted_payload_size') ?? STANDARD_PAYLOAD);
          const needed = ANSWER_BYTES + ADDRESS_BYTES * slots;
          if (needed <= size) return [];
          const message = `resolvers ${section.name} accepts answers of ${size} bytes, and the ${slots} addresses of ${title(proxy)}, ${name}, take ${needed}: those that are cut off get no traffic`;
          return [
            file.warning(section.line, message, `write "accepted_payload_size ${needed <= 8192 ? 8192 : 65_535}"`),
          ];
        }),
    ),
);

export const dnsChecks = [resolved, initAddress, holds, payload];
