import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyServer } from '../../haproxy/haproxy-server.js';
import { closest } from '../../source/closest.js';
import { type Found, type ProxyFile, proxyCheck } from './proxy-file.js';

const OF_BACKEND = /\b(?:nbsrv|be_conn|be_conn_free|be_sess_rate|queue|avg_queue|connslots)\(([^,)\s]+)\)/g;
const OF_SERVER = /\bsrv_(?:is_up|conn|conn_free|queue|sess_rate|weight|iweight|uweight)\(([^,)\s]+)\)/g;

interface Named {
  readonly what: 'backend' | 'server' | 'resolvers' | 'table';
  readonly name: string;
  readonly line: number;
}

/** What a line names that has to be there. Names that are worked out for each request are left out. */
function namedBy({ words, line }: HaproxyLine): Named[] {
  const text = words.join(' ');
  const named: Named[] = [];
  const add = (what: Named['what'], name: string | undefined) => {
    if (name !== undefined && !/[%$]/.test(name)) named.push({ what, name, line });
  };
  if (words[0] === 'use_backend' || words[0] === 'default_backend') add('backend', words[1]);
  for (const [, name] of text.matchAll(OF_BACKEND)) add('backend', name);
  for (const [, name] of text.matchAll(OF_SERVER)) add('server', name);
  for (const [at, word] of words.entries()) {
    if (/^track-sc\d+$/.test(word) && words[at + 2] === 'table') add('table', words[at + 3]);
  }
  return named;
}

/** `name1` to `name5` for a template; the first number is told by its range, so a number within the count will do. */
const isCalled = (server: HaproxyServer, name: string): boolean =>
  server.template ? name.startsWith(server.name) && /^\d+$/.test(name.slice(server.name.length)) : server.name === name;

function exists(file: ProxyFile, { what, name }: Named, home: string): boolean {
  if (what === 'backend') return file.proxies.some((proxy) => proxy.name === name);
  if (what === 'resolvers') return file.config.named('resolvers').some((section) => section.name === name);
  if (what === 'table') {
    const tables = file.proxies.filter(({ lines }) => lines.some(({ words }) => words[0] === 'stick-table'));
    const shared = file.config
      .named('peers')
      .flatMap(({ name: peers, lines }) =>
        lines.filter(({ words }) => words[0] === 'table').map(({ words }) => `${peers}/${words[1]}`),
      );
    return [...tables.map((proxy) => proxy.name), ...shared].includes(name);
  }
  const [server, backend = home] = name.split('/').reverse();
  return file.back(backend)?.servers.some((it) => isCalled(it, server!)) ?? false;
}

function known(file: ProxyFile, { what }: Named): string[] {
  if (what === 'resolvers') return file.config.named('resolvers').map(({ name }) => name ?? '');
  if (what === 'backend') return file.backs.map(({ name }) => name);
  if (what === 'table') {
    const has = file.proxies.filter(({ lines }) => lines.some(({ words }) => words[0] === 'stick-table'));
    return has.map(({ name }) => name);
  }
  return file.backs.flatMap(({ name, servers }) => servers.map((server) => `${name}/${server.name}`));
}

const WHAT = { backend: 'backend', server: 'server', resolvers: 'section resolvers', table: 'stick-table' };

function missing(file: ProxyFile, named: Named): Found {
  const names = known(file, named);
  const near = closest(named.name, names);
  const fix =
    near !== undefined ? `did you mean "${near}"?` : names.length > 0 ? `there are ${names.join(', ')}` : 'add it';
  return file.error(named.line, `there is no ${WHAT[named.what]} ${named.name}`, fix);
}

const references = proxyCheck(
  'proxy-reference',
  'Backends, servers, tables and resolvers that haproxy.cfg names are in it',
  (file) =>
    file.proxies.flatMap((proxy) => {
      const byServers = proxy.servers.flatMap(({ options, line }): Named[] => {
        const [track, resolvers] = [options.get('track'), options.get('resolvers')];
        return [
          ...(track === undefined ? [] : [{ what: 'server' as const, name: track, line }]),
          ...(resolvers === undefined ? [] : [{ what: 'resolvers' as const, name: resolvers, line }]),
        ];
      });
      return [...proxy.lines.flatMap(namedBy), ...byServers]
        .filter((named) => !exists(file, named, proxy.name))
        .map((named) => missing(file, named));
    }),
);

export const referenceChecks = [references];
