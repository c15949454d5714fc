import { haproxyTimeMs } from '../../haproxy/time.js';
import { closest } from '../../source/closest.js';
import type { Artifacts } from '../artifacts.js';
import { type ComposeServiceAt, composeStacks, containerPort, isProxy, portsOf } from './compose-stack.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** A check of a haproxy.cfg that is no ConfigMap against each Compose file that starts an HAProxy. */
const composeCheck = (
  id: string,
  holds: string,
  run: (file: ProxyFile, services: readonly ComposeServiceAt[], artifacts: Artifacts) => readonly Found[],
) =>
  proxyCheck(id, holds, (file, artifacts) =>
    file.mounted ? [] : composeStacks(artifacts).flatMap((services) => run(file, services, artifacts)),
  );

/** Names with a dot are no services of Compose. */
const named = (file: ProxyFile) =>
  file.backs.flatMap((proxy) =>
    proxy.servers
      .filter(({ byName, host }) => byName && !host.includes('.') && host !== 'localhost')
      .map((server) => ({ proxy, server })),
  );

const hosts = composeCheck(
  'proxy-compose-host',
  'Servers of the proxy are services of the Compose file',
  (file, services) => {
    const names = services.flatMap((service) => service.names);
    const compose = services[0]!.document.file;
    return named(file)
      .filter(({ server }) => !names.includes(server.host))
      .map(({ proxy, server }) => {
        const near = closest(server.host, names);
        const fix = near === undefined ? `write one of ${names.join(', ')}` : `did you mean "${near}"?`;
        return file.error(server.line, `${title(proxy)}: ${compose} has no service ${server.host}`, fix);
      });
  },
);

const ports = composeCheck(
  'proxy-compose-port',
  'The proxy asks services at the ports that they listen on',
  (file, services) =>
    named(file).flatMap(({ proxy, server }) =>
      services
        .filter(({ names }) => names.includes(server.host))
        .flatMap((service) => {
          const known = portsOf(service);
          if (server.port === undefined || known.length === 0 || known.includes(server.port)) return [];
          const message = `${title(proxy)} asks ${server.host} at port ${server.port}, and in ${service.document.file} service ${service.name} listens on ${known.join(', ')}`;
          return [file.error(server.line, message, `write ${server.host}:${known[0]}`)];
        }),
    ),
);

const published = composeCheck(
  'proxy-compose-front',
  'Every port that Compose publishes of the proxy is one that it listens on',
  (file, services) => {
    const bound = file.proxies.flatMap(({ binds }) => binds.map(({ port }) => port));
    return services.filter(isProxy).flatMap(({ document, name, value }) =>
      (Array.isArray(value['ports']) ? value['ports'] : []).flatMap((entry, index): Found[] => {
        const port = containerPort(entry);
        if (!Number.isInteger(port) || bound.includes(port)) return [];
        const message = `service ${name} publishes port ${port}, and ${file.config.file} listens on ${bound.join(', ')}`;
        const line = document.lineOf(['services', name, 'ports', index]);
        return [{ severity: 'error', file: document.file, line, message, fix: 'write a port that has a "bind"' }];
      }),
    );
  },
);

const slots = composeCheck(
  'proxy-slots-compose',
  'The proxy has a slot for every replica that Compose starts',
  (file, services) =>
    named(file)
      .filter(({ server }) => server.template)
      .flatMap(({ proxy, server }) => {
        const behind = services.filter(({ names }) => names.includes(server.host));
        const count = behind.reduce((sum, { replicas }) => sum + replicas, 0);
        if (count <= server.slots) return [];
        const message = `${title(proxy)} has ${server.slots} slots for ${server.host}, and ${services[0]!.document.file} starts ${count}: ${count - server.slots} get no traffic`;
        return [file.error(server.line, message, `write 1-${count} or more`)];
      }),
);

const grace = composeCheck(
  'proxy-compose-grace',
  'Compose lets the proxy finish before it kills it',
  (file, services) => {
    const stop = file.global('hard-stop-after');
    const needed = haproxyTimeMs(stop?.words[1]);
    if (stop === undefined || needed === undefined) return [];
    return services.filter(isProxy).flatMap(({ document, name, value }): Found[] => {
      const told = value['stop_grace_period'];
      const given = told === undefined ? 10_000 : composeMs(String(told));
      if (given === undefined || given >= needed) return [];
      const has =
        told === undefined ? 'has no stop_grace_period, so it is killed after 10s' : `has stop_grace_period ${told}`;
      const message = `service ${name} ${has}, and hard-stop-after of ${file.config.file} is ${stop.words[1]}: what it still answers is cut`;
      const line = document.lineOf(['services', name, 'stop_grace_period']);
      return [
        {
          severity: 'warning',
          file: document.file,
          line,
          message,
          fix: `write stop_grace_period: ${Math.ceil(needed / 1000) + 3}s`,
        },
      ];
    });
  },
);

/** `1m30s` */
function composeMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(us|ms|s|m|h)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [part]) => sum + haproxyTimeMs(part)!, 0);
}

export const composeProxyChecks = [hosts, ports, published, slots, grace];
