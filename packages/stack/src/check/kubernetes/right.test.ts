import { describe, expect, it } from 'vitest';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { checkArtifacts } from '../checks.js';
import { BrokenCluster, container, HPA, NAME, pod, variable } from './broken-cluster.suite.js';

describe('what looks like a mistake and is none', () => {
  it.each<[string, (c: BrokenCluster) => void]>([
    [
      'a VPA that only recommends',
      (c) => {
        const vpa = structuredClone(c.get('VerticalPodAutoscaler', 'influxdb-vpa'));
        vpa.metadata.name = 'recommended';
        vpa.spec.targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME };
        vpa.spec.updatePolicy.updateMode = 'Off';
        c.add(vpa);
      },
    ],
    [
      'a VPA of memory beside an HPA of CPU',
      (c) => {
        c.get('HorizontalPodAutoscaler', HPA).spec.metrics.splice(1, 1);
        const vpa = structuredClone(c.get('VerticalPodAutoscaler', 'influxdb-vpa'));
        vpa.metadata.name = 'memory';
        vpa.spec.targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME };
        vpa.spec.resourcePolicy.containerPolicies[0].controlledResources = ['memory'];
        c.add(vpa);
      },
    ],
    [
      'a limit alone, which is the request too',
      (c) => {
        delete container(c).resources.requests.memory;
      },
    ],
    [
      'growth by the larger of two, said so',
      (c) => {
        c.get('HorizontalPodAutoscaler', HPA).spec.behavior.scaleUp.selectPolicy = 'Max';
      },
    ],
    [
      'a budget of one less than there are',
      (c) => {
        const { selector } = c.get('PodDisruptionBudget', NAME).spec;
        c.get('PodDisruptionBudget', NAME).spec = { selector, minAvailable: 2 };
      },
    ],
    [
      'a grace that just fits',
      (c) => {
        pod(c).terminationGracePeriodSeconds = 30;
      },
    ],
    [
      'a key of a Secret that may be missing',
      (c) => {
        variable(c, 'API_TOKEN').valueFrom.secretKeyRef = { name: 'mine', key: 'token', optional: true };
      },
    ],
    [
      'InfluxDB outside of the cluster',
      (c) => {
        variable(c, 'INFLUX_URLS').value = 'http://influx.example.com:8086';
      },
    ],
    [
      'everyone let in',
      (c) => {
        c.get('NetworkPolicy', 'redis').spec.ingress = [{}];
      },
    ],
    [
      'a rule that names the port',
      (c) => {
        c.get('NetworkPolicy', 'redis').spec.ingress[0].ports[0].port = 'redis';
      },
    ],
    [
      'a range of ports',
      (c) => {
        Object.assign(c.get('NetworkPolicy', 'redis').spec.ingress[0].ports[0], { port: 6000, endPort: 7000 });
      },
    ],
    [
      'no policies at all',
      (c) => {
        for (const { kind, metadata } of [...c.objects]) if (kind === 'NetworkPolicy') c.remove(kind, metadata.name);
      },
    ],
    [
      'a selector by expressions',
      (c) => {
        c.get('NetworkPolicy', 'redis').spec.ingress[0].from[0].podSelector = {
          matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: [NAME, 'other'] }],
        };
      },
    ],
    [
      'an image by its digest',
      (c) => {
        container(c).image = `breakwater/telemetry-collector@sha256:${'0'.repeat(64)}`;
      },
    ],
    [
      'objects in a List',
      (c) => {
        const items = c.objects.splice(0, c.objects.length);
        c.add({ apiVersion: 'v1', kind: 'List', metadata: {}, items });
      },
    ],
    [
      'the same name in another namespace',
      (c) => {
        const other = structuredClone(c.get('ConfigMap', 'telemetry-targets'));
        other.metadata.namespace = 'other';
        c.add(other);
      },
    ],
  ])('%s', (_, change) => {
    const cluster = new BrokenCluster();
    change(cluster);
    expect(cluster.findings()).toEqual([]);
  });
});

/** As people write them, without a stack file. */
const USERS = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, annotations: { prometheus.io/scrape: "true", prometheus.io/port: "8080" } }
    spec:
      containers:
        - { name: web, image: "web:1.2", ports: [{ containerPort: 8080 }], env: [{ name: CACHE, value: "redis://cache:6379" }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cache }
spec:
  selector: { matchLabels: { app: cache } }
  template:
    metadata: { labels: { app: cache } }
    spec: { containers: [{ name: redis, image: "redis:7.2", ports: [{ containerPort: 6379 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: cache }
spec: { selector: { app: cache }, ports: [{ port: 6379 }] }
`;
const POLICY = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: telemetry-network-policy }
spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] }
`;
const inFiles = (...texts: string[]): string[] =>
  checkArtifacts({ ...NO_ARTIFACTS, manifests: texts.map((text, index) => new YamlSource(`${index}.yaml`, text)) }).map(
    ({ check, file, line }) => `${check} ${file}:${line}`,
  );

describe("a user's files", () => {
  it('are fine where they fit', () => {
    expect(inFiles(USERS)).toEqual([]);
  });

  it('are checked together, as if they were one', () => {
    expect(inFiles(USERS, POLICY)).toEqual(['network-deny-all 1.yaml:5']);
    const hpa = (name: string) =>
      `apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: ${name} }\nspec:\n  scaleTargetRef: { kind: Deployment, name: web }\n  maxReplicas: 5\n`;
    expect(inFiles(USERS, hpa('a'), hpa('b'))).toEqual(['one-scaler 2.yaml:5']);
  });

  it('may have Prometheus in any namespace that a policy names', () => {
    const policy = (port: number) => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: observability } } }]
      ports: [{ port: ${port} }]
`;
    expect(inFiles(USERS, policy(8080))).toEqual([]);
    expect(inFiles(USERS, policy(8081))).toEqual(['network-scrape 1.yaml:5']);
  });
});
