import type { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import type { Plan } from '../../plan/plan.js';
import { type Cluster, clusterCheck } from './cluster.js';
import type { Found, Manifest } from './manifest.js';
import type { Workload } from './workload.js';

/** Pods that a rolling update may start beyond the replica count; Kubernetes rounds shares up. */
function surgeOf({ manifest }: Workload, max: number): number {
  if (manifest.kind !== 'Deployment' || manifest.at('spec', 'strategy', 'type') === 'Recreate') return 0;
  const surge = manifest.at('spec', 'strategy', 'rollingUpdate', 'maxSurge') ?? '25%';
  return typeof surge === 'string' ? Math.ceil((Number.parseFloat(surge) / 100) * max) : Number(surge);
}

/** The service that a server-template asks DNS for: by its full name, or by its first word as in Compose. */
function workloadsAt(cluster: Cluster, host: string, namespace: string | undefined): readonly Workload[] {
  const services: Array<Manifest | undefined> =
    namespace === undefined
      ? cluster.ofKind('Service').filter(({ name }) => name === host)
      : [cluster.serviceAt(host, namespace)];
  return services.flatMap((service) => (service === undefined ? [] : cluster.selectedBy(service)));
}

interface Place {
  readonly file: string;
  /** Lines above the first of the configuration. */
  readonly above: number;
  /** Where short names are looked up; undefined for a file that is not in the cluster. */
  readonly namespace: string | undefined;
}

function templates(cluster: Cluster, config: HaproxyConfig, { file, above, namespace }: Place, plan?: Plan): Found[] {
  return config.sections.flatMap(({ kind, name, lines }) =>
    lines
      .filter(({ words }) => words[0] === 'server-template')
      .flatMap(({ line, words }) => {
        const slots = Number(words[2]?.split('-').at(-1));
        const host = words[3]?.split(':')[0] ?? '';
        return workloadsAt(cluster, host, namespace).flatMap((workload) => {
          const { max } = cluster.replicasOf(workload);
          const surge = surgeOf(workload, max);
          if (!(slots < max + surge) || isTold(plan, workload, slots)) return [];
          const owner = cluster.hpaOf(workload)?.title ?? workload.title;
          const message = `${kind} ${name ?? ''} has ${slots} slots for ${workload.title}, of which ${owner} allows ${max}, and a rolling update ${surge} more: ${max + surge - slots} get no traffic`;
          return [{ severity: 'error' as const, file, line: above + line, message, fix: `write 1-${max + surge}` }];
        });
      }),
  );
}

/** Fewer than the stack file allows: proxy-slots tells that. */
const isTold = (plan: Plan | undefined, { manifest }: Workload, slots: number): boolean =>
  manifest.name === plan?.collectors.name && slots < plan.collectors.slots;

const slots = clusterCheck(
  'proxy-slots-kubernetes',
  'The proxy has a slot for every pod that there may be',
  (cluster, { haproxy, plan }) => {
    const seen = new Set<Manifest>();
    const mounted = cluster.workloads.flatMap((workload) =>
      cluster.proxiesOf(workload).flatMap(({ config, manifest, above }) => {
        if (seen.has(manifest)) return [];
        seen.add(manifest);
        return templates(cluster, config, { file: config.file, above, namespace: workload.namespace }, plan);
      }),
    );
    const files = haproxy.flatMap((config) =>
      templates(cluster, config, { file: config.file, above: 0, namespace: undefined }, plan),
    );
    return [...mounted, ...files];
  },
);

export const proxyChecks = [slots];
