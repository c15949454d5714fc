import { type Cluster, clusterCheck } from './cluster.js';
import { namedBy } from './flows.js';
import type { Found } from './manifest.js';
import type { Workload } from './workload.js';

const POD = /^(.+)-(\d+)$/;

/** The StatefulSet that gives its pods names below a service. */
const ownerOf = (cluster: Cluster, name: string, service: string, namespace: string): Workload | undefined => {
  const found = cluster.workload('StatefulSet', name, namespace);
  return found?.manifest.at('spec', 'serviceName') === service ? found : undefined;
};

const podNames = clusterCheck(
  'statefulset-pod',
  'A pod that a configuration names is one that its StatefulSet makes',
  (cluster) =>
    cluster.workloads.flatMap((workload) =>
      namedBy(cluster, workload).flatMap(({ host, why, found }): Found[] => {
        const [pod = '', service = '', namespace = workload.namespace] = host.split('.');
        const [, name = '', ordinal] = POD.exec(pod) ?? [];
        const owner = ownerOf(cluster, name, service, namespace);
        if (owner === undefined) return [];
        const { max } = cluster.replicasOf(owner);
        if (Number(ordinal) < max) return [];
        const message = `${why} names ${pod}, and ${owner.title} makes ${max} pod${max === 1 ? '' : 's'}: ${name}-0${max > 1 ? ` to ${name}-${max - 1}` : ''}`;
        const fix = `leave ${pod} out, or write replicas: ${Number(ordinal) + 1} in ${owner.title} (${owner.manifest.document.file}:${owner.manifest.lineOf('spec', 'replicas')})`;
        return [found(message, fix)];
      }),
    ),
);

export const podNameChecks = [podNames];
