import { closest } from '../../source/closest.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { type ComposeProject, composeCheck, serviceCheck } from './project.js';
import { asRecord, type ComposeServiceView, type Found } from './service.js';

const meant = (name: string, known: readonly string[]): string => {
  const near = closest(name, known);
  return near === undefined ? `write one of ${known.join(', ')}` : `did you mean ${near}?`;
};

/** A name that is asked already is hardly the one that was meant. */
const others = (names: readonly string[], asked: readonly string[]): string[] =>
  names.filter((name) => !asked.includes(name));

const dependencies = serviceCheck(
  'compose-dependencies',
  'What a service depends on is there, and has a health check where its health is waited for',
  (service, project) =>
    service.dependencies.flatMap(({ name, condition, path }) => {
      const other = project.service(name);
      if (other === undefined) {
        const known = project.services.map((each) => each.name);
        return [service.found(path, `depends on ${name}, which is no service here`, meant(name, known))];
      }
      if (condition !== 'service_healthy' || other.value['healthcheck'] !== undefined) return [];
      const message = `waits until ${name} is healthy, and ${name} has no health check: it is never started`;
      return [service.found(path, message, `give ${name} a healthcheck, or write condition: service_started`)];
    }),
);

const definitions = serviceCheck(
  'compose-definitions',
  'Networks and volumes that a service uses are defined',
  (service, project) => {
    const networks = service.networks
      .filter((name) => name !== 'default' && !project.defined('networks').includes(name))
      .map((name) => service.found(['networks'], `network ${name} is not defined`, `add ${name} under networks`));
    const volumes = service.mounts
      .filter(
        ({ source }) => source !== undefined && /^\w/.test(source) && !project.defined('volumes').includes(source),
      )
      .map(({ source, path }) => service.found(path, `volume ${source} is not defined`, `add ${source} under volumes`));
    return [...networks, ...volumes];
  },
);

/** Why one service cannot ask another at a port; undefined: it can. */
function unreachable(
  project: ComposeProject,
  from: ComposeServiceView,
  to: ComposeServiceView,
  port: number | undefined,
): { what: string; fix: string } | undefined {
  if (!to.networks.some((network) => from.networks.includes(network))) {
    const fix = `put both into one network: ${from.name} is in ${from.networks.join(', ')}, ${to.name} in ${to.networks.join(', ')}`;
    return { what: `${from.name} and ${to.name} share no network`, fix };
  }
  const ports = project.portsOf(to);
  if (port === undefined || ports === undefined || ports.includes(port)) return undefined;
  return { what: `${to.name} listens on ${ports.join(', ')}, not on ${port}`, fix: `write port ${ports.join(' or ')}` };
}

const proxyServers = composeCheck(
  'compose-proxy-servers',
  'Every server of the proxy is a service of the Compose file, on a common network, at the port that it listens on',
  (project) => {
    const proxy = project.proxyService;
    if (proxy === undefined) return [];
    const asked = project.proxies.flatMap(({ servers }) => servers.map(({ host }) => host));
    return project.proxies.flatMap(({ config, name, servers }) =>
      servers
        .filter(({ byName }) => byName)
        .flatMap(({ host, port, line }) => {
          const found = (message: string, fix: string): Found => ({
            severity: 'error',
            file: config.file,
            line,
            message: `backend ${name}: ${message}`,
            fix,
          });
          const [service] = project.named(host);
          if (service === undefined) {
            return [found(`${host} is no service of ${project.file}`, meant(host, others(project.names, asked)))];
          }
          const reason = unreachable(project, proxy, service, port);
          return reason === undefined ? [] : [found(`${reason.what} (${project.file})`, reason.fix)];
        }),
    );
  },
);

interface AskedTarget {
  /** `job redis`, `alerting` */
  readonly who: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly line: number;
}

/** What Prometheus scrapes, and where it sends alerts. */
const askedTargets = (document: YamlDocument): AskedTarget[] => [
  ...targetsIn(document, ['scrape_configs'], (job, at) => `job ${String(job['job_name'] ?? at)}`),
  ...targetsIn(document, ['alerting', 'alertmanagers'], () => 'alerting'),
];

/** From lists and from DNS. */
function targetsIn(
  document: YamlDocument,
  path: Path,
  called: (value: Readonly<Record<string, unknown>>, at: number) => string,
): AskedTarget[] {
  const jobs = document.at(path);
  if (!Array.isArray(jobs)) return [];
  return jobs.flatMap((job, at) => {
    const who = called(asRecord(job), at);
    const lists = (key: string) => {
      const value = asRecord(job)[key];
      return (Array.isArray(value) ? value : []).map((each, index) => [asRecord(each), index] as const);
    };
    const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
    const line = (...below: Path) => document.lineOf([...path, at, ...below]);
    const fixed = lists('static_configs').flatMap(([{ targets }, index]) =>
      texts(targets).map((target, place) => {
        const [, host = target, port] = /^(.*?)(?::(\d+))?$/.exec(target) ?? [];
        const number = port === undefined ? undefined : Number(port);
        return { who, host, port: number, line: line('static_configs', index, 'targets', place) };
      }),
    );
    const asked = lists('dns_sd_configs').flatMap(([{ names, port }, index]) =>
      texts(names).map((host, place) => ({
        who,
        host,
        port: Number(port),
        line: line('dns_sd_configs', index, 'names', place),
      })),
    );
    return [...fixed, ...asked];
  });
}

/** A name of one word is one of this network; anything else may be elsewhere. */
const isLocal = (host: string): boolean => /^[a-z][\w-]*$/i.test(host) && host !== 'localhost';

const scraped = composeCheck(
  'compose-scrape-targets',
  'What Prometheus scrapes, and where it sends alerts, is a service of the Compose file, on a common network, at the port that it listens on',
  (project, { prometheus, plan }: Artifacts) => {
    const service = project.prometheusService;
    if (service === undefined) return [];
    const elsewhere = (plan?.stack.services ?? []).flatMap(({ scrape }) => scrape.targets);
    return prometheus.flatMap(({ file, documents }) => {
      const targets = documents.flatMap(askedTargets);
      const asked = targets.map(({ host }) => host);
      return targets.flatMap(({ who, host, port, line }) => {
        if (!isLocal(host) || elsewhere.includes(`${host}:${port}`)) return [];
        const found = (message: string, fix: string): Found => ({
          severity: 'error',
          file,
          line,
          message: `${who}: ${message}`,
          fix,
        });
        const [target] = project.named(host);
        if (target === undefined)
          return [found(`${host} is no service of ${project.file}`, meant(host, others(project.names, asked)))];
        const reason = unreachable(project, service, target, port);
        return reason === undefined ? [] : [found(`${reason.what} (${project.file})`, reason.fix)];
      });
    });
  },
);

export const wiringChecks: readonly Check[] = [dependencies, definitions, proxyServers, scraped];
