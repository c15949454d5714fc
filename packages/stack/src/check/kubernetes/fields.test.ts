import { expect, it } from 'vitest';
import { BrokenCluster, HPA, pod } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a field that is misspelt',
    (c) => {
      pod(c).terminationGracePeriodSecond = pod(c).terminationGracePeriodSeconds;
    },
    [
      'kubernetes-fields @ terminationGracePeriodSecond: 35: Deployment network-telemetry: spec.template.spec.terminationGracePeriodSecond is no field that Kubernetes knows; did you mean "terminationGracePeriodSeconds"?',
    ],
  ],
  [
    '30s for a quantity',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.metrics[2].pods.target.averageValue = '30s';
    },
    [
      'kubernetes-fields @ averageValue: 30s: HorizontalPodAutoscaler network-telemetry-hpa: spec.metrics[2].pods.target.averageValue: "30s" is no Quantity; write "30": it has no units of time',
    ],
  ],
  [
    'a bound of the VPA that is no quantity',
    (c) => {
      c.get('VerticalPodAutoscaler', 'influxdb-vpa').spec.resourcePolicy.containerPolicies[0].maxAllowed.memory = '8GB';
    },
    [
      'kubernetes-fields @ memory: 8GB: VerticalPodAutoscaler influxdb-vpa: spec.resourcePolicy.containerPolicies[0].maxAllowed.memory: "8GB" is no Quantity; write "8Gi"',
    ],
  ],
  [
    'an object that stands there twice',
    (c) => {
      c.add(structuredClone(c.get('ConfigMap', 'telemetry-targets')));
    },
    [
      'kubernetes-twice @ name: telemetry-targets: ConfigMap telemetry-targets: stands in k.yaml too: the one that is applied last wins; keep one',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
