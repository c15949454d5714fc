import { describe, expect, it } from 'vitest';
import { YamlSource } from '../source/yaml-source.js';
import { ALLOWED_VALUES } from './allowed-values.js';
import { checkFields } from './check-fields.js';
import { fieldTable } from './field-table.js';

function found(text: string): string[] {
  const { documents, problems } = new YamlSource('k.yaml', text);
  expect(problems).toEqual([]);
  return documents.flatMap((document) =>
    checkFields(document, []).map(({ line, message, fix }) => `${line}: ${message}; ${fix}`),
  );
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 25% } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{ name: http, containerPort: 8080 }]
          env: [{ name: A, value: "1" }]
          resources: { requests: { cpu: 250m, memory: 64Mi } }
          readinessProbe: { httpGet: { path: /ready, port: http } }
`;
const broken = (what: string, by: string): string => {
  expect(DEPLOYMENT).toContain(what);
  return DEPLOYMENT.replace(what, by);
};

it('finds nothing in what a server takes', () => {
  expect(found(DEPLOYMENT)).toEqual([]);
  expect(found(broken('replicas: 2', 'replicas: null'))).toEqual([]);
  expect(found(broken('cpu: 250m', 'cpu: 1'))).toEqual([]);
});

describe('in a Deployment', () => {
  it.each([
    [
      'replicas: 2',
      'replica: 2',
      '6: Deployment web: spec.replica is no field that Kubernetes knows; did you mean "replicas"?',
    ],
    [
      'replicas: 2',
      'replicas: "2"',
      '6: Deployment web: spec.replicas: "2" is no whole number; write 2, without quotes',
    ],
    ['replicas: 2', 'replicas: 2.5', '6: Deployment web: spec.replicas: 2.5 is no whole number; write one'],
    ['selector: {', 'selectors: {', 'spec.selectors is no field that Kubernetes knows; did you mean "selector"?'],
    [
      'selector: { matchLabels: { app: web } }',
      'paused: false',
      '5: Deployment web: spec.selector is missing; write it',
    ],
    [
      'maxSurge: 1',
      'maxSurge: a few',
      'maxSurge: "a few" is neither a number of pods nor a share of them; write 1 or "30%"',
    ],
    [
      'value: "1"',
      'value: 1',
      '16: Deployment web: spec.template.spec.containers[0].env[0].value: 1 is no text; write "1", in quotes',
    ],
    ['cpu: 250m', 'cpu: 30s', 'requests.cpu: "30s" is no Quantity; write "30": it has no units of time'],
    ['memory: 64Mi', 'memory: 64MB', 'requests.memory: "64MB" is no Quantity; write "64Mi"'],
    ['containerPort: 8080', 'containerPort: 80800', 'containerPort: 80800 is no port; write 1 to 65535'],
    ['port: http }', 'port: "8080" }', 'port: "8080" is a number in quotes; write 8080, without quotes'],
    [
      'image: web:1',
      'image: web:1\n          imagePullPolicy: Allways',
      'imagePullPolicy: "Allways" is not allowed; did you mean "Always"?',
    ],
    ['env: [{ name: A, value: "1" }]', 'env: { A: "1" }', 'env: {"A":"1"} is no list; begin each item with "-"'],
    ['metadata: { name: web }', 'metadata: {}', '4: Deployment: metadata.name is missing; give it a name'],
    [
      'app: web } }\n  strategy',
      'app: true } }\n  strategy',
      'matchLabels.app: true is no text; write "true", in quotes',
    ],
    ['apps/v1', 'apps/v1beta1', 'apps/v1beta1 Deployment is no kind that is known; write apiVersion: apps/v1'],
    ['kind: Deployment', 'kind: Deploymant', 'apps/v1 Deploymant is no kind that is known; did you mean "Deployment"?'],
  ])('%s → %s', (what, by, message) => {
    expect(found(broken(what, by)).join('\n')).toContain(message);
  });
});

it('knows what a server demands though the types leave it open', () => {
  expect(found('apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }')).toEqual([
    '1: Deployment web: spec of apps/v1.Deployment is missing; write it',
  ]);
  expect(found('kind: Service\nmetadata: { name: web }')).toEqual([
    '1: Service web: apiVersion or kind is missing; write both',
  ]);
  expect(found('- 1')).toEqual(['1: [1] is no object of Kubernetes; write apiVersion, kind and metadata']);
});

it('warns of what only a server with its CRD knows', () => {
  expect(found('apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: { name: s }')).toEqual([
    '2: ServiceMonitor s: the fields of monitoring.coreos.com/v1 ServiceMonitor are not known here; check it against a server that has its CRD',
  ]);
});

it('checks the CRD of the VPA just as strictly', () => {
  const vpa = (spec: string) =>
    `apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: { name: v }\nspec:\n  targetRef: { kind: StatefulSet, name: s }\n  ${spec}\n`;
  expect(found(vpa('updatePolicy: { updateMode: Recreate }'))).toEqual([]);
  expect(found(vpa('updatePolicy: { updateMode: auto }')).join()).toContain(
    'updateMode: "auto" is not allowed; did you mean "Auto"?',
  );
  expect(found(vpa('resourcePolicy: { containerPolicies: [{ maxAllowed: { memory: 8GB } }] }')).join()).toContain(
    'memory: "8GB" is no Quantity; write "8Gi"',
  );
  expect(found(vpa('resourcePolicies: {}')).join()).toContain('did you mean "resourcePolicy"?');
});

it('lists allowed values only of fields that there are', () => {
  const { types } = fieldTable();
  const unknown = Object.keys(ALLOWED_VALUES).filter((name) => {
    const at = name.lastIndexOf('.');
    return types[name.slice(0, at)]?.fields[name.slice(at + 1)] === undefined;
  });
  expect(unknown).toEqual([]);
});
