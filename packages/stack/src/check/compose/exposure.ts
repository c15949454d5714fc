import type { Check } from '../check.js';
import { composeCheck, serviceCheck } from './project.js';
import { type ComposeServiceView, type Found, type Publication, standardOf } from './service.js';

const DATA_STORES = /^(?:influxdb|redis|valkey|postgres|mysql|mariadb|mongo|memcached|rabbitmq|victoria-metrics)/;

const isLoopback = ({ address }: Publication): boolean => /^127\.|^\[?::1\]?$|^localhost$/.test(address ?? '');

const showPort = ({ address, host }: Publication): string => {
  const port = host === undefined ? 'any port' : `port ${host[0] === host[1] ? host[0] : host.join('-')}`;
  return `${port} of ${address ?? 'every address'}`;
};

const dataStores = serviceCheck('compose-published-data', 'No database is published beyond this machine', (service) => {
  if (!DATA_STORES.test(service.program)) return [];
  return service.published
    .filter((publication) => !isLoopback(publication))
    .map((publication) => {
      const message = `${service.program} is published on ${showPort(publication)}, past the proxy and past the firewall`;
      return service.found(publication.path, message, 'leave ports out, or begin with 127.0.0.1:');
    });
});

const proxyPorts = composeCheck(
  'compose-published-ports',
  'No port of the machine is published twice, and what the proxy publishes it listens on',
  (project) => {
    const proxy = project.proxyService;
    const listens = proxy === undefined ? undefined : project.portsOf(proxy);
    const unheard =
      proxy === undefined || listens === undefined
        ? []
        : proxy.published
            .filter(({ container }) => !listens.includes(container))
            .map(({ container, path }) => {
              const message = `publishes ${container}, and no frontend of HAProxy binds it`;
              return proxy.found(path, message, `publish ${[...new Set(listens)].join(', ')}`);
            });
    return [...unheard, ...publishedTwice(project.services)];
  },
);

function publishedTwice(services: readonly ComposeServiceView[]): Found[] {
  const taken = new Map<number, ComposeServiceView>();
  return services.flatMap((service) =>
    service.published.flatMap(({ host, path }) => {
      if (host === undefined || host[0] !== host[1]) return [];
      const other = taken.get(host[0]);
      if (other === undefined) taken.set(host[0], service);
      if (other === undefined) return [];
      const message = `publishes port ${host[0]} of the machine, as service ${other.name} does`;
      return [service.found(path, message, 'give each a port of its own')];
    }),
  );
}

/** Variables that hold what opens something; what ends in FILE names where it is. */
const SECRET = /(?:PASSWORD|PASSWD|TOKEN|SECRET|SECRET_KEY|API_KEY|COOKIE_KEY|PRIVATE_KEY)$/;
/** Options of commands that do: on a command line everybody on the machine reads them. */
const SECRET_OPTION = /--(?:requirepass|masterauth|password|redis\.password|token)[= ]+(\S+)/;
const REFERENCE = /^\$\{?\w+(?::?\?[^}]*)?\}?$/;

const secrets = serviceCheck(
  'compose-secrets',
  'No secret is written into the file or has a default, and none is on a command line',
  (service) => {
    const variables = service.variables
      .filter(
        ({ name, value }) =>
          SECRET.test(name) && value !== null && String(value) !== '' && !REFERENCE.test(String(value)),
      )
      .map(({ name, value, path }) => {
        const standard = standardOf(String(value));
        const what = String(value).includes('${')
          ? `${name} has a default (${standard.length} characters, not shown): who sets nothing runs with a password that everybody knows`
          : `${name} is written into the file (not shown)`;
        return service.found(path, what, `write \${${name}:?} and put it into .env`);
      });
    const [option] = SECRET_OPTION.exec(service.command) ?? [];
    if (option === undefined) return variables;
    const message = `a secret is on the command line, after ${option.split(/[= ]/)[0]}: whoever sees the processes reads it`;
    return [...variables, service.found(['command'], message, 'give it through the environment or a file')];
  },
);

const rights = serviceCheck(
  'compose-rights',
  'No service has the rights of the machine, or the socket that gives them',
  (service) => {
    const privileged =
      service.value['privileged'] === true
        ? [
            service.found(
              ['privileged'],
              'is privileged: it may do what root may on this machine',
              'name the capability that it needs under cap_add',
            ),
          ]
        : [];
    const sockets = service.mounts
      .filter(({ source }) => source?.endsWith('docker.sock'))
      .map(({ path }) =>
        service.found(
          path,
          'has the socket of the Docker engine, and with it the machine, read-only or not',
          'leave it out',
          'warning',
        ),
      );
    return [...privileged, ...sockets];
  },
);

const images = serviceCheck('compose-images', 'Every image has a tag that stays what it is', (service) => {
  const { image } = service;
  if (image === '' || /@sha256:|:(?!latest$)[^/:]+$/.test(image) || image.includes('${')) return [];
  const message = `image ${image} is another one tomorrow: containers of one service would differ`;
  return [service.found(['image'], message, 'write the version that you tested')];
});

export const exposureChecks: readonly Check[] = [dataStores, proxyPorts, secrets, rights, images];
