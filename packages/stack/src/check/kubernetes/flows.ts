import { type Cluster, clusterCheck } from './cluster.js';
import { asList, type Found } from './manifest.js';
import { variableAt, type Workload } from './workload.js';

/** One workload asks another, since its configuration says so. */
export interface Flow {
  readonly from: Workload;
  readonly to: Workload;
  /** The port of the containers asked. */
  readonly port: number;
  /** Who names the address. */
  readonly why: string;
}

/** An address that a workload is given, and where. */
export interface Named {
  readonly host: string;
  readonly port: number;
  readonly why: string;
  /** Of the line that names it. */
  readonly found: (message: string, fix: string) => Found;
}

const ADDRESS =
  /(?<![\w.-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*):(\d{1,5})(?![\d.:])/g;

const addressesIn = (text: string): Array<{ readonly host: string; readonly port: number }> =>
  [...text.matchAll(ADDRESS)].map(([, host, port]) => ({ host: host!, port: Number(port) }));

/** What stands in the environment of its containers, and in the haproxy.cfg that it mounts. */
export function namedBy(cluster: Cluster, workload: Workload): Named[] {
  const environment = workload.containers.flatMap((container) =>
    [...container.environment].flatMap(([variable, text]) =>
      addressesIn(text).map((address) => ({
        ...address,
        why: `${variable} of container ${container.name}`,
        found: (message: string, fix: string) => workload.found(variableAt(container, variable), message, fix),
      })),
    ),
  );
  const servers = cluster.proxiesOf(workload).flatMap(({ config, manifest, above }) =>
    config.sections.flatMap(({ kind, name, lines }) =>
      lines
        .filter(({ words }) => words[0] === 'server' || words[0] === 'server-template')
        .flatMap(({ words, line }) =>
          addressesIn(words[words[0] === 'server' ? 2 : 3] ?? '').map((address) => ({ ...address, line })),
        )
        .map(({ line, ...address }) => ({
          ...address,
          why: `${kind} ${name ?? ''} in ${manifest.title}`,
          found: (message: string, fix: string): Found => ({
            ...workload.found([], message, fix),
            file: config.file,
            line: above + line,
          }),
        })),
    ),
  );
  return [...environment, ...servers];
}

/** Every flow between workloads of the files, each once. */
export function flowsOf(cluster: Cluster): readonly Flow[] {
  const flows = new Map<string, Flow>();
  for (const from of cluster.workloads) {
    for (const { host, port, why } of namedBy(cluster, from)) {
      const service = cluster.serviceAt(host, from.namespace);
      const own = service?.list('spec', 'ports').find((entry) => entry['port'] === port);
      if (service === undefined || own === undefined) continue;
      for (const to of cluster.selectedBy(service)) {
        const target = to.port(own['targetPort'] ?? port);
        if (target === undefined) continue;
        const key = `${from.namespace}/${from.title}>${to.namespace}/${to.title}:${target}`;
        if (!flows.has(key)) flows.set(key, { from, to, port: target, why });
      }
    }
  }
  return [...flows.values()];
}

/** The ports on which a workload asks to be scraped, by the annotation that Prometheus' discovery reads. */
export function scrapesOf(workload: Workload): number[] {
  const annotations = workload.annotations();
  if (annotations['prometheus.io/scrape'] !== 'true') return [];
  const port = workload.port(Number(annotations['prometheus.io/port']));
  return port === undefined ? [] : [port];
}

const address = clusterCheck(
  'service-address',
  'An address in a configuration is a service with that port',
  (cluster) => {
    const namespaces = new Set(cluster.ofKind('Service').map(({ namespace }) => namespace));
    return cluster.workloads.flatMap((workload) =>
      namedBy(cluster, workload).flatMap(({ host, port, why, found }): Found[] => {
        const service = cluster.serviceAt(host, workload.namespace);
        if (service === undefined) {
          const [, namespace] = /\.([^.]+)\.svc(?:\.|$)/.exec(host) ?? [];
          if (namespace === undefined || !namespaces.has(namespace)) return [];
          const names = cluster.ofKind('Service').filter((it) => it.namespace === namespace);
          const message = `${why} names ${host}, and namespace ${namespace} has no such service`;
          return [found(message, `there are ${names.map(({ name }) => name).join(', ')}`)];
        }
        const ports = asList(service.at('spec', 'ports')).map((entry) => entry['port']);
        if (ports.includes(port)) return [];
        const message = `${why} names port ${port} of ${service.title}, which it does not have`;
        return [found(message, `it has ${ports.map(String).join(', ')}`)];
      }),
    );
  },
);

const scrapePort = clusterCheck('scrape-port', 'The port that is to be scraped is one of the containers', (cluster) =>
  cluster.workloads.flatMap((workload) => {
    const { 'prometheus.io/scrape': scrape, 'prometheus.io/port': port } = workload.annotations();
    if (scrape !== 'true' || port === undefined || workload.port(Number(port)) !== undefined) return [];
    const message = `is to be scraped on port ${port}, which no container has`;
    const path = [...workload.template, 'metadata', 'annotations', 'prometheus.io/port'];
    return [workload.found(path, message, `there are ${workload.portNames.join(', ') || 'none'}`)];
  }),
);

export const addressChecks = [address, scrapePort];
