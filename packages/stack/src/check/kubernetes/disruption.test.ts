import { expect, it } from 'vitest';
import { BrokenCluster, NAME } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'as many as there are at least',
    (c) => {
      c.get('PodDisruptionBudget', NAME).spec = {
        selector: c.get('PodDisruptionBudget', NAME).spec.selector,
        minAvailable: 3,
      };
    },
    [
      'pdb-minimum @ minAvailable: 3: PodDisruptionBudget network-telemetry: minAvailable 3 of at least 3 pods of Deployment network-telemetry: no node could ever be drained; write 2 or less, or maxUnavailable: 1',
    ],
  ],
  [
    'all of them as a share',
    (c) => {
      c.get('PodDisruptionBudget', NAME).spec = {
        selector: c.get('PodDisruptionBudget', NAME).spec.selector,
        minAvailable: '90%',
      };
    },
    [
      'pdb-minimum @ minAvailable: 90%: PodDisruptionBudget network-telemetry: minAvailable 90% of at least 3 pods of Deployment network-telemetry: no node could ever be drained; write 2 or less, or maxUnavailable: 1',
    ],
  ],
  [
    'none that may go',
    (c) => {
      c.get('PodDisruptionBudget', NAME).spec.maxUnavailable = 0;
    },
    [
      'pdb-minimum @ maxUnavailable: 0: PodDisruptionBudget network-telemetry: maxUnavailable 0: no node with a pod of Deployment network-telemetry could ever be drained; write 1',
    ],
  ],
  [
    'more that may go than there may be',
    (c) => {
      c.get('PodDisruptionBudget', NAME).spec.maxUnavailable = 4;
    },
    [
      'pdb-minimum @ maxUnavailable: 4: PodDisruptionBudget network-telemetry: maxUnavailable 4 while Deployment network-telemetry may have 3 pods: all of them may go at once; write 2 or less',
    ],
  ],
  [
    'labels that no pod has',
    (c) => {
      c.get('PodDisruptionBudget', NAME).spec.selector.matchLabels = { app: 'telemetry' };
    },
    [
      'pdb-selector @ selector:: PodDisruptionBudget network-telemetry: selects app=telemetry, which no pod has; write labels of the pods',
    ],
  ],
  [
    'two for the same pods',
    (c) => {
      const second = structuredClone(c.get('PodDisruptionBudget', NAME));
      second.metadata.name = 'second';
      c.add(second);
    },
    [
      'pdb-selector @ selector:: PodDisruptionBudget second: selects the pods of Deployment network-telemetry, and so does network-telemetry: with two nothing can be evicted; keep one',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
