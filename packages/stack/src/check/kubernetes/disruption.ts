import { type Cluster, clusterCheck } from './cluster.js';
import { selects, showLabels } from './labels.js';
import type { Manifest } from './manifest.js';
import type { Workload } from './workload.js';

const PDB = 'PodDisruptionBudget';

const selected = (cluster: Cluster, budget: Manifest): readonly Workload[] =>
  cluster.workloads.filter(
    ({ labels, namespace }) => namespace === budget.namespace && selects(budget.at('spec', 'selector'), labels),
  );

/** Pods that a number or a share means of so many; Kubernetes rounds shares up. */
const podsOf = (value: unknown, replicas: number): number =>
  typeof value === 'string' ? Math.ceil((Number.parseFloat(value) / 100) * replicas) : Number(value);

const minimum = clusterCheck('pdb-minimum', 'A disruption budget lets a pod go at the smallest size', (cluster) =>
  cluster.ofKind(PDB).flatMap((budget) =>
    selected(cluster, budget).flatMap((workload) => {
      const { min } = cluster.replicasOf(workload);
      const { minAvailable, maxUnavailable } = budget.record('spec');
      if (minAvailable !== undefined && podsOf(minAvailable, min) >= min) {
        const message = `minAvailable ${String(minAvailable)} of at least ${min} pods of ${workload.title}: no node could ever be drained`;
        const fix = min > 1 ? `write ${min - 1} or less, or maxUnavailable: 1` : 'write maxUnavailable: 1';
        return [budget.found(['spec', 'minAvailable'], message, fix)];
      }
      if (maxUnavailable !== undefined && podsOf(maxUnavailable, min) === 0) {
        const message = `maxUnavailable ${String(maxUnavailable)}: no node with a pod of ${workload.title} could ever be drained`;
        return [budget.found(['spec', 'maxUnavailable'], message, 'write 1')];
      }
      if (maxUnavailable !== undefined && min > 1 && podsOf(maxUnavailable, min) >= min) {
        const message = `maxUnavailable ${String(maxUnavailable)} while ${workload.title} may have ${min} pods: all of them may go at once`;
        return [budget.found(['spec', 'maxUnavailable'], message, `write ${min - 1} or less`)];
      }
      return [];
    }),
  ),
);

const selector = clusterCheck('pdb-selector', 'A disruption budget selects pods, and no pod has two', (cluster) => {
  const first = new Map<Workload, Manifest>();
  return cluster.ofKind(PDB).flatMap((budget) => {
    const path = ['spec', 'selector'];
    const workloads = selected(cluster, budget);
    if (workloads.length === 0 && cluster.workloads.length > 0) {
      const labels = showLabels(budget.at('spec', 'selector', 'matchLabels'));
      return [budget.found(path, `selects ${labels}, which no pod has`, 'write labels of the pods')];
    }
    return workloads.flatMap((workload) => {
      const other = first.get(workload);
      first.set(workload, other ?? budget);
      if (other === undefined) return [];
      const message = `selects the pods of ${workload.title}, and so does ${other.name}: with two nothing can be evicted`;
      return [budget.found(path, message, 'keep one')];
    });
  });
});

export const disruptionChecks = [minimum, selector];
