import { expect, it } from 'vitest';
import { BrokenCluster, container, HPA, NAME } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a replica count beside an HPA',
    (c) => {
      c.get('Deployment', NAME).spec.replicas = 3;
    },
    [
      'hpa-replicas @ replicas: 3: Deployment network-telemetry: replicas: 3 while network-telemetry-hpa scales it: each apply sets it back to that; leave replicas out',
    ],
  ],
  [
    'a second HPA, as kubectl autoscale makes one',
    (c) => {
      const second = structuredClone(c.get('HorizontalPodAutoscaler', HPA));
      second.metadata.name = NAME;
      c.add(second);
    },
    [
      'one-scaler @ scaleTargetRef:: HorizontalPodAutoscaler network-telemetry: scales Deployment network-telemetry, and so does HorizontalPodAutoscaler network-telemetry-hpa (k.yaml): with two on the same pods neither scales; keep one; kubectl autoscale makes a second',
    ],
  ],
  [
    'a ScaledObject of KEDA beside an HPA',
    (c) => {
      c.add({
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { name: 'so', namespace: 'telemetry-system' },
        spec: { scaleTargetRef: { name: NAME } },
      });
    },
    [
      'kubernetes-fields @ kind: ScaledObject: ScaledObject so: the fields of keda.sh/v1alpha1 ScaledObject are not known here; check it against a server that has its CRD',
      'one-scaler @ scaleTargetRef:: ScaledObject so: scales Deployment network-telemetry, and so does HorizontalPodAutoscaler network-telemetry-hpa (k.yaml): with two on the same pods neither scales; keep one; kubectl autoscale makes a second',
    ],
  ],
  [
    'an HPA of what is not there',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.scaleTargetRef.name = 'telemetry';
    },
    [
      'hpa-target @ scaleTargetRef:: HorizontalPodAutoscaler network-telemetry-hpa: scales Deployment telemetry, which no file has in namespace telemetry-system; there are Deployment redis, StatefulSet influxdb, Deployment network-telemetry, Deployment load-balancer',
    ],
  ],
  [
    'a VPA of what is not there',
    (c) => {
      c.get('VerticalPodAutoscaler', 'influxdb-vpa').spec.targetRef.kind = 'Deployment';
    },
    [
      'hpa-target @ targetRef:: VerticalPodAutoscaler influxdb-vpa: scales Deployment influxdb, which no file has in namespace telemetry-system; there are Deployment redis, StatefulSet influxdb, Deployment network-telemetry, Deployment load-balancer',
    ],
  ],
  [
    'a least above the most',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.minReplicas = 30;
    },
    [
      'hpa-bounds @ minReplicas: 30: HorizontalPodAutoscaler network-telemetry-hpa: minReplicas 30 is above maxReplicas 20; write 20 or less',
      'hpa-stack-file @ minReplicas: 30: HorizontalPodAutoscaler network-telemetry-hpa: minReplicas 30, and collectors.min of the stack file is 3, which the proxy, the alerts and the budgets go by; change collectors.min, and run breakwater generate',
    ],
  ],
  [
    'a VPA of the resources that an HPA takes shares of',
    (c) => {
      const vpa = structuredClone(c.get('VerticalPodAutoscaler', 'influxdb-vpa'));
      vpa.metadata.name = 'telemetry-vpa';
      vpa.spec.targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME };
      c.add(vpa);
    },
    [
      'hpa-vpa @ targetRef:: VerticalPodAutoscaler telemetry-vpa: changes the cpu and memory requests of Deployment network-telemetry, of which network-telemetry-hpa takes shares: they fight; controlledResources without them, or an AverageValue in the HPA',
    ],
  ],
  [
    'a VPA that says nothing of resources',
    (c) => {
      c.add({
        apiVersion: 'autoscaling.k8s.io/v1',
        kind: 'VerticalPodAutoscaler',
        metadata: { name: 'v', namespace: 'telemetry-system' },
        spec: { targetRef: { kind: 'Deployment', name: NAME } },
      });
    },
    [
      'hpa-vpa @ targetRef:: VerticalPodAutoscaler v: changes the cpu and memory requests of Deployment network-telemetry, of which network-telemetry-hpa takes shares: they fight; controlledResources without them, or an AverageValue in the HPA',
    ],
  ],
  [
    'no request of what an HPA takes a share of',
    (c) => {
      delete container(c).resources.requests.memory;
      delete container(c).resources.limits.memory;
    },
    [
      'hpa-requests @ - name: telemetry: Deployment network-telemetry: container telemetry requests no memory, of which network-telemetry-hpa takes a share: it would not scale at all; write resources.requests.memory',
    ],
  ],
  [
    'a Value for pods',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.metrics[2].pods.target = { type: 'Value', value: '30' };
    },
    [
      'hpa-metric-target @ target:: HorizontalPodAutoscaler network-telemetry-hpa: a Pods metric has Value as its target; write AverageValue',
    ],
  ],
  [
    'a share without a number',
    (c) => {
      delete c.get('HorizontalPodAutoscaler', HPA).spec.metrics[0].resource.target.averageUtilization;
    },
    [
      'hpa-metric-target @ target:: HorizontalPodAutoscaler network-telemetry-hpa: a target of type Utilization has no averageUtilization; write averageUtilization',
    ],
  ],
  [
    'a metric of a type that it does not describe',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.metrics[0].type = 'Pods';
    },
    [
      'hpa-metric-target @ - type: Pods: HorizontalPodAutoscaler network-telemetry-hpa: a metric of type Pods has no pods; write pods',
    ],
  ],
  [
    'a window shorter than a start',
    (c) => {
      c.get('HorizontalPodAutoscaler', HPA).spec.behavior.scaleDown.stabilizationWindowSeconds = 30;
    },
    [
      'hpa-window @ stabilizationWindowSeconds: 30: HorizontalPodAutoscaler network-telemetry-hpa: looks back for 30 s before it scales in, and a pod of Deployment network-telemetry may take 60 s to start: it takes away pods that were just asked for; write 60 or more',
    ],
  ],
  [
    'a start longer than the window that is the default',
    (c) => {
      delete c.get('HorizontalPodAutoscaler', HPA).spec.behavior.scaleDown;
      container(c).startupProbe.failureThreshold = 200;
    },
    [
      'hpa-window @ behavior:: HorizontalPodAutoscaler network-telemetry-hpa: looks back for 300 s before it scales in, and a pod of Deployment network-telemetry may take 400 s to start: it takes away pods that were just asked for; write 400 or more',
    ],
  ],
  [
    '"50 %, at most 2 pods" without selectPolicy',
    (c) => {
      delete c.get('HorizontalPodAutoscaler', HPA).spec.behavior.scaleUp.selectPolicy;
    },
    [
      'hpa-select-policy @ scaleUp:: HorizontalPodAutoscaler network-telemetry-hpa: grows by 50 % or 2 pods, and without selectPolicy the larger counts; write selectPolicy: Min where both shall bound it, Max where not',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
