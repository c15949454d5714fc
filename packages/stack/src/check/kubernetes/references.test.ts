import { expect, it } from 'vitest';
import { BrokenCluster, container, pod, variable } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a ConfigMap that is not there',
    (c) => {
      c.remove('ConfigMap', 'telemetry-targets');
    },
    [
      'reference-exists @ - name: targets: Deployment network-telemetry: names ConfigMap telemetry-targets, which no file has in namespace telemetry-system: its pods would not start; add it, or correct the name',
    ],
  ],
  [
    'an account that is not there',
    (c) => {
      c.remove('ServiceAccount', 'redis');
    },
    [
      'reference-exists @ serviceAccountName: redis: Deployment redis: names ServiceAccount redis, which no file has in namespace telemetry-system: its pods would not start; add it, or correct the name',
    ],
  ],
  [
    'a key that the Secret of the stack has not',
    (c) => {
      variable(c, 'API_TOKEN').valueFrom.secretKeyRef.key = 'APITOKEN';
    },
    [
      'reference-exists @ valueFrom:: Deployment network-telemetry: Secret telemetry-secrets has no key APITOKEN; did you mean API_TOKEN?',
    ],
  ],
  [
    'a Secret that is not known',
    (c) => {
      variable(c, 'API_TOKEN').valueFrom.secretKeyRef.name = 'mine';
    },
    [
      'reference-exists @ valueFrom:: Deployment network-telemetry: names Secret mine, which no file has in namespace telemetry-system; see that it is made before',
    ],
  ],
  [
    'a claim that is not there',
    (c) => {
      pod(c).volumes.push({ name: 'old', persistentVolumeClaim: { claimName: 'old' } });
    },
    [
      'reference-exists @ - name: old: Deployment network-telemetry: names PersistentVolumeClaim old, which no file has in namespace telemetry-system: its pods would not start; add it, or correct the name',
    ],
  ],
  [
    'a key that a ConfigMap has not',
    (c) => {
      pod(c).volumes[1].configMap.items = [{ key: 'target.yaml', path: 'targets.yaml' }];
    },
    [
      'reference-exists @ - name: targets: Deployment network-telemetry: ConfigMap telemetry-targets has no key target.yaml; it has targets.yaml',
    ],
  ],
  [
    'an environment from what is not there',
    (c) => {
      container(c).envFrom = [{ configMapRef: { name: 'settings' } }];
    },
    [
      'reference-exists @ - configMapRef:: Deployment network-telemetry: names ConfigMap settings, which no file has in namespace telemetry-system: its pods would not start; add it, or correct the name',
    ],
  ],
  [
    'a mount of no volume',
    (c) => {
      container(c).volumeMounts[1].name = 'target';
    },
    [
      'mount-exists @ - name: target: Deployment network-telemetry: container telemetry mounts target, which is no volume of the pod; there are data, targets',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
