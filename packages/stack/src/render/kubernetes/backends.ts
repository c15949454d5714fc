import type { VerticalPodAutoscaler } from '@kubernetes-models/autoscaler/autoscaling.k8s.io/v1/VerticalPodAutoscaler';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Container, Service } from 'kubernetes-types/core/v1.js';
import { showBytes, showCpu, showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import { labelsOf, metaOf, selectorOf } from './meta.js';
import { CONTAINER_SECURITY, httpProbe, podBase, resourcesOf, scrapeAnnotations, secretEnv, spread } from './pod.js';

const NAME = 'influxdb';
/** The user `influxdb` of the image. */
const USER = 1000;
const VOLUME = 'influxdb-storage';

/** Independent servers: the collectors bring everything to each of them. */
export function backendStatefulSet(plan: Plan): StatefulSet {
  const { backends, kubernetes } = plan.stack;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      serviceName: NAME,
      replicas: backends.replicas,
      selector: selectorOf(NAME),
      podManagementPolicy: 'Parallel',
      template: {
        metadata: { labels: labelsOf(NAME), annotations: scrapeAnnotations(backends.port) },
        spec: {
          ...podBase(NAME, USER),
          terminationGracePeriodSeconds: 60,
          topologySpreadConstraints: spread(NAME, true),
          containers: [container(plan)],
          // The image keeps the configuration of its command line here, and needs a place for temporary files.
          volumes: [
            { name: 'config', emptyDir: { sizeLimit: '16Mi' } },
            { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: VOLUME },
          spec: {
            accessModes: ['ReadWriteOnce'],
            ...(kubernetes.storageClass === undefined ? {} : { storageClassName: kubernetes.storageClass }),
            resources: { requests: { storage: showBytes(backends.storage) } },
          },
        },
      ],
    },
  };
}

function container(plan: Plan): Container {
  const { image, port, org, bucket, retention, resources } = plan.stack.backends;
  return {
    name: NAME,
    image,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: port }],
    env: [
      { name: 'INFLUXD_HTTP_BIND_ADDRESS', value: `:${port}` },
      { name: 'DOCKER_INFLUXDB_INIT_MODE', value: 'setup' },
      { name: 'DOCKER_INFLUXDB_INIT_USERNAME', value: 'admin' },
      secretEnv('DOCKER_INFLUXDB_INIT_PASSWORD', 'INFLUX_ADMIN_PASSWORD'),
      secretEnv('DOCKER_INFLUXDB_INIT_ADMIN_TOKEN', 'INFLUX_TOKEN'),
      { name: 'DOCKER_INFLUXDB_INIT_ORG', value: org },
      { name: 'DOCKER_INFLUXDB_INIT_BUCKET', value: bucket },
      { name: 'DOCKER_INFLUXDB_INIT_RETENTION', value: showDuration(retention) },
    ],
    resources: resourcesOf(resources),
    // A first start sets up; a later one may have a long write-ahead log to read.
    startupProbe: httpProbe('/health', 'http', 5, 60),
    livenessProbe: httpProbe('/health', 'http', 20, 6),
    readinessProbe: httpProbe('/ready', 'http', 5, 3),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: VOLUME, mountPath: '/var/lib/influxdb2' },
      { name: 'config', mountPath: '/etc/influxdb2' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/** Headless: each server has a name of its own, which stays while it starts. */
export function backendService(plan: Plan): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: labelsOf(NAME),
      ports: [{ name: 'http', port: plan.stack.backends.port, targetPort: 'http' }],
    },
  };
}

type Vpa = ConstructorParameters<typeof VerticalPodAutoscaler>[0];

export function backendVpa(plan: Plan): Vpa & { apiVersion: string; kind: string } {
  const { cpu, memory } = plan.stack.backends.vertical;
  const { name, namespace, labels } = metaOf(plan, `${NAME}-vpa`, NAME);
  return {
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: 'VerticalPodAutoscaler',
    metadata: { name: name!, namespace: namespace!, labels: labels! },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: NAME },
      // One server at a time is started anew: the PodDisruptionBudget sees to that.
      updatePolicy: { updateMode: 'Recreate' },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName: NAME,
            controlledResources: ['cpu', 'memory'],
            minAllowed: { cpu: showCpu(cpu.min), memory: showBytes(memory.min) },
            maxAllowed: { cpu: showCpu(cpu.max), memory: showBytes(memory.max) },
          },
        ],
      },
    },
  };
}
