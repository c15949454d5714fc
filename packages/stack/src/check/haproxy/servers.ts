import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import type { HaproxyServer } from '../../haproxy/haproxy-server.js';
import { haproxyTimeMs } from '../../haproxy/time.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

const eachServer =
  (run: (file: ProxyFile, proxy: HaproxyProxy, server: HaproxyServer) => readonly Found[]) =>
  (file: ProxyFile): readonly Found[] =>
    file.backs.flatMap((proxy) => proxy.servers.flatMap((server) => run(file, proxy, server)));

const checked = ({ options }: HaproxyServer): boolean => options.has('check') || options.has('track');

const unchecked = proxyCheck(
  'proxy-check-missing',
  'A server that shares its requests with others is checked',
  eachServer((file, proxy, server) => {
    const alone = proxy.servers.length === 1 && server.slots === 1;
    if (alone || checked(server) || server.options.has('agent-check')) return [];
    const message = `${title(proxy)}: server ${server.name} is not checked, so a dead one goes on getting its share`;
    return [file.error(server.line, message, 'add "check" to the server or its default-server')];
  }),
);

const httpCheck = proxyCheck(
  'proxy-http-check',
  'Health checks ask what the server answers, by GET, and expect a status',
  (file) =>
    file.backs
      .filter((proxy) => proxy.http && proxy.servers.some(({ options }) => options.has('check')))
      .flatMap((proxy) => {
        const option = proxy.last('option', 'httpchk');
        const send = proxy.last('http-check', 'send');
        const other = [
          'tcp-check',
          'ldap-check',
          'mysql-check',
          'pgsql-check',
          'redis-check',
          'smtpchk',
          'ssl-hello-chk',
        ];
        if (option === undefined) {
          if (other.some((name) => proxy.last('option', name) !== undefined)) return [];
          const message = `${title(proxy)} only opens a connection to check its servers: one that hangs or answers 503 stays in`;
          return [file.warning(proxy.line, message, 'write "option httpchk" and "http-check send meth GET uri /…"')];
        }
        if (option.words.length === 2 && !(send?.words.includes('uri') ?? false)) {
          const message = `${title(proxy)}: "option httpchk" alone asks OPTIONS / with HTTP/1.0`;
          return [file.error(option.line, message, 'add "http-check send meth GET uri /… ver HTTP/1.1 hdr Host …"')];
        }
        if (proxy.last('http-check', 'expect') !== undefined) return [];
        const message = `${title(proxy)} takes every 2xx and 3xx for healthy, a redirect to a login page included`;
        return [file.warning(option.line, message, 'add "http-check expect status 200"')];
      }),
);

const slowstart = proxyCheck(
  'proxy-slowstart',
  'Servers are checked more often than their slowstart lasts',
  eachServer((file, proxy, { name, options, line }) => {
    const start = haproxyTimeMs(options.get('slowstart'));
    const inter = haproxyTimeMs(options.get('inter')) ?? 2000;
    if (start === undefined || inter < start) return [];
    const message = `${title(proxy)}: server ${name} is checked every ${inter} ms, and its slowstart of ${start} ms is over by then`;
    return [file.warning(line, message, `write an inter below ${start}ms`)];
  }),
);

const observe = proxyCheck(
  'proxy-observe',
  'A server that sheds load with 503 is not taken for dead',
  eachServer((file, proxy, { name, options, line }) => {
    if (options.get('observe') !== 'layer7') return [];
    const down = options.get('on-error') === 'mark-down' ? ' and taken out, and the rest get its load' : '';
    const message = `${title(proxy)}: "observe layer7" counts each 503 of server ${name} as an error: one that sheds load looks dead${down}`;
    return [file.error(line, message, 'write "observe layer4", or let the server shed with 429')];
  }),
);

const markedDown = proxyCheck(
  'proxy-marked-down',
  'A failed check ends no request that is still being answered',
  eachServer((file, proxy, { name, options, line }) => {
    if (!proxy.http || options.get('on-marked-down') !== 'shutdown-sessions') return [];
    const message = `${title(proxy)}: "on-marked-down shutdown-sessions" cuts every request that server ${name} still answers when its checks fail, as in a drain`;
    return [file.warning(line, message, 'leave it out; it is for databases that hang with their connections open')];
  }),
);

const queue = proxyCheck(
  'proxy-maxconn',
  'The process and its servers have a limit of connections, so that overload is a queue and then a quick refusal',
  (file) => {
    const global = file.global('maxconn');
    const missing =
      file.globalLine === undefined || global !== undefined
        ? []
        : [
            file.warning(
              file.globalLine,
              'global has no maxconn: it is what the limit of open files makes of it',
              'write "maxconn 4000", or what memory allows',
            ),
          ];
    const servers = file.backs
      .filter(
        ({ http, servers: all }) => http && all.some(({ options }) => options.has('check') || options.has('track')),
      )
      .filter((proxy) => isAsked(file, proxy))
      .flatMap((proxy) =>
        proxy.servers
          .filter(({ options }) => !options.has('maxconn'))
          .map(({ name, line }) =>
            file.warning(
              line,
              `${title(proxy)}: server ${name} has no maxconn: a slow one takes every connection, and nothing waits or is refused`,
              'add "maxconn 256" to the server, or what it can serve at once',
            ),
          ),
      );
    return [...missing, ...servers];
  },
);

/** Some front sends requests to it; else it is there for its checks alone. */
const isAsked = (file: ProxyFile, proxy: HaproxyProxy): boolean =>
  proxy.front ||
  file.fronts.some(({ lines }) =>
    lines.some(
      ({ words }) =>
        (words[0] === 'use_backend' || words[0] === 'default_backend') &&
        (words[1] === proxy.name || words[1]!.startsWith('%')),
    ),
  );

export const serverChecks = [unchecked, httpCheck, slowstart, observe, markedDown, queue];
