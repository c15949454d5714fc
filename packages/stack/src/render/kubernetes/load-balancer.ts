import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Container, Service } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../plan/plan.js';
import { kubernetesSite } from '../../plan/site.js';
import { haproxyText } from '../haproxy/haproxy.js';
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

const NAME = 'load-balancer';
/** The user `haproxy` of the image. */
const USER = 99;
const CONFIG = 'haproxy-config';
const FILE = 'haproxy.cfg';
const FOLDER = '/usr/local/etc/haproxy';
/** The Secret with certificate and key in one PEM, under the name that the stack file gives it. */
const TLS_SECRET = 'telemetry-proxy-tls';

const MEBI = 1024 * 1024;
/** The process, its tables and the Prometheus exporter. */
const MEMORY_BASE = 128 * MEBI;
/** Two buffers of 16 KiB, and what else a connection takes. */
const MEMORY_PER_CONNECTION = 40 * 1024;

export function proxyConfig(plan: Plan): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metaOf(plan, CONFIG, NAME),
    data: { [FILE]: haproxyText(plan, kubernetesSite(plan)) },
  };
}

/** A changed haproxy.cfg replaces the pods one by one; each serves what it has begun before it ends. */
export function proxyDeployment(plan: Plan, configHash: string): Deployment {
  const { proxy } = plan.stack;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      replicas: proxy.replicas,
      selector: selectorOf(NAME),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: labelsOf(NAME),
          annotations: { ...scrapeAnnotations(proxy.port), 'breakwater/config': configHash },
        },
        spec: {
          ...podBase(NAME, USER),
          terminationGracePeriodSeconds: preStopS(plan) + plan.proxy.graceS,
          topologySpreadConstraints: spread(NAME, true),
          containers: [container(plan)],
          volumes: [
            { name: 'config', configMap: { name: CONFIG } },
            { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            ...certificate(plan).volumes,
          ],
        },
      },
    },
  };
}

/** Until services and DNS no longer name it. */
const preStopS = ({ stack }: Plan): number => Math.ceil(stack.collectors.drain.delay);

function container(plan: Plan): Container {
  const { proxy, collectors, backends } = plan.stack;
  const memory = Math.ceil((MEMORY_BASE + proxy.maxConnections * MEMORY_PER_CONNECTION) / (64 * MEBI)) * 64 * MEBI;
  return {
    name: 'haproxy',
    image: proxy.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['haproxy', '-W', '-db', '-f', `${FOLDER}/${FILE}`],
    ports: [
      { name: 'collectors', containerPort: collectors.port },
      { name: 'influxdb', containerPort: backends.port },
      { name: 'stats', containerPort: proxy.port },
    ],
    ...secretsNamedIn(plan),
    resources: resourcesOf({
      requests: { cpu: 0.1, memory: MEMORY_BASE },
      limits: { cpu: 1, memory },
    }),
    livenessProbe: httpProbe('/health', 'stats', 10, 3),
    readinessProbe: httpProbe('/ready', 'stats', 5, 2),
    lifecycle: { preStop: { sleep: { seconds: preStopS(plan) } } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'config', mountPath: FOLDER, readOnly: true },
      { name: 'run', mountPath: '/var/run/haproxy' },
      ...certificate(plan).mounts,
    ],
  };
}

/** Of the stack's secrets those that haproxy.cfg reads from its environment. */
function secretsNamedIn(plan: Plan): Pick<Container, 'env'> {
  const text = haproxyText(plan, kubernetesSite(plan));
  const env = plan.secrets.filter(({ variable }) => text.includes(`\${${variable}}`));
  return env.length === 0 ? {} : { env: env.map(({ variable }) => secretEnv(variable)) };
}

const certificate = ({ stack }: Plan) => fileOfSecret('tls', TLS_SECRET, stack.proxy.tls?.certificate);

export function proxyService(plan: Plan): Service {
  const { proxy, collectors, backends } = plan.stack;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      selector: labelsOf(NAME),
      ports: [
        { name: 'collectors', port: collectors.port, targetPort: 'collectors' },
        { name: 'influxdb', port: backends.port, targetPort: 'influxdb' },
        { name: 'stats', port: proxy.port, targetPort: 'stats' },
      ],
    },
  };
}
