import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Container, EnvVar, PodTemplateSpec, Service, Volume } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { showBytes } from '../../file/units.js';
import { collectorEnvironment } from '../../plan/collector-environment.js';
import type { Plan } from '../../plan/plan.js';
import { kubernetesSite } from '../../plan/site.js';
import { labelsOf, metaOf, selectorOf } from './meta.js';
import {
  CONTAINER_SECURITY,
  fileOfSecret,
  httpProbe,
  podBase,
  resourcesOf,
  scrapeAnnotations,
  secretEnv,
  spread,
} from './pod.js';

const NAME = 'network-telemetry';
/** The headless service: DNS answers with every ready pod, and a StatefulSet names its pods below it. */
const COLLECTOR_PODS = `${NAME}-pods`;
const TARGETS_CONFIG = 'telemetry-targets';
/** The Secret with the certificate of the authority alone: that of the proxy holds its key. */
const CA_SECRET = 'telemetry-proxy-ca';
/** The user `node` of the image. */
const USER = 1000;
const VOLUME = 'data';
/** What a container may write to its log and its root beside the volume. */
const LOG_BYTES = 128 * 1024 * 1024;
const START_PERIOD_S = 2;
const START_FAILURES = 30;

/** A Deployment whose log lies on the node, or a StatefulSet with a volume claim for each; the HPA owns the replica count. */
export function collectorWorkload(plan: Plan): Deployment | StatefulSet {
  return plan.stack.collectors.storage === 'persistent' ? statefulSet(plan) : deployment(plan);
}

function deployment(plan: Plan): Deployment {
  const { spoolVolumeBytes, surge } = plan.collectors;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      selector: selectorOf(NAME),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: 0 } },
      template: template(plan, [{ name: VOLUME, emptyDir: { sizeLimit: showBytes(spoolVolumeBytes) } }]),
    },
  };
}

function statefulSet(plan: Plan): StatefulSet {
  const { storageClass } = plan.stack.kubernetes;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      serviceName: COLLECTOR_PODS,
      selector: selectorOf(NAME),
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      // What a pod could not hand over stays for the next one of its number.
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' },
      template: template(plan, []),
      volumeClaimTemplates: [
        {
          metadata: { name: VOLUME },
          spec: {
            accessModes: ['ReadWriteOnce'],
            ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
            resources: { requests: { storage: showBytes(plan.collectors.spoolVolumeBytes) } },
          },
        },
      ],
    },
  };
}

function template(plan: Plan, volumes: Volume[]): PodTemplateSpec {
  const { port } = plan.stack.collectors;
  const metadata: ObjectMeta = { labels: labelsOf(NAME), annotations: scrapeAnnotations(port) };
  return {
    metadata,
    spec: {
      ...podBase(NAME, USER),
      terminationGracePeriodSeconds: plan.collectors.graceS,
      topologySpreadConstraints: spread(NAME),
      // With the default of 5 each look-up of a target outside of the cluster would first ask for it in every search domain.
      dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
      containers: [container(plan)],
      volumes: [...volumes, { name: 'targets', configMap: { name: TARGETS_CONFIG } }, ...authority(plan).volumes],
    },
  };
}

function container(plan: Plan): Container {
  const { image, port, drain, resources, storage } = plan.stack.collectors;
  const onNode = storage === 'local' ? plan.collectors.spoolVolumeBytes : 0;
  return {
    name: 'telemetry',
    image,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: port }],
    env: environment(plan),
    resources: resourcesOf(resources, { request: onNode + LOG_BYTES, limit: onNode + LOG_BYTES }),
    startupProbe: httpProbe('/health/live', 'http', START_PERIOD_S, START_FAILURES),
    livenessProbe: httpProbe('/health/live', 'http', 10, 3),
    readinessProbe: httpProbe('/health/ready', 'http', 5, 2),
    // It goes on serving until DNS and the proxy know that it ends; SIGTERM then drains it within DRAIN_TIMEOUT.
    lifecycle: { preStop: { sleep: { seconds: Math.ceil(drain.delay) } } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: VOLUME, mountPath: '/var/lib/telemetry' },
      { name: 'targets', mountPath: '/etc/telemetry', readOnly: true },
      ...authority(plan).mounts,
    ],
  };
}

const authority = ({ stack }: Plan) => fileOfSecret('proxy-ca', CA_SECRET, stack.proxy.tls?.ca);

function environment(plan: Plan): EnvVar[] {
  const settings = collectorEnvironment(plan, kubernetesSite(plan));
  return [
    ...Object.entries(settings).map(
      ([name, setting]): EnvVar =>
        'secret' in setting ? secretEnv(name, setting.secret) : { name, value: setting.value },
    ),
    { name: 'REPLICA_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
}

export function collectorServices(plan: Plan): Service[] {
  const { port } = plan.stack.collectors;
  const ports = [{ name: 'http', port, targetPort: 'http' }];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metaOf(plan, NAME, NAME),
      spec: { selector: labelsOf(NAME), ports },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metaOf(plan, COLLECTOR_PODS, NAME),
      spec: { clusterIP: 'None', selector: labelsOf(NAME), ports },
    },
  ];
}

/** Collectors read it again when it changes, so no pod is started anew. None where nobody gave the text: then it is made by hand. */
export function targetsConfig(plan: Plan): ConfigMap[] {
  if (plan.targets === undefined) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metaOf(plan, TARGETS_CONFIG, NAME),
      data: { 'targets.yaml': plan.targets },
    },
  ];
}
