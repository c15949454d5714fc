import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Container, Service } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../plan/plan.js';
import { redisStartScript } from '../redis/start-script.js';
import { labelsOf, metaOf, selectorOf } from './meta.js';
import { CONTAINER_SECURITY, httpProbe, podBase, resourcesOf, scrapeAnnotations, secretEnv, spread } from './pod.js';

const NAME = 'redis';
/** The user `redis` of the image. */
const USER = 999;
const CONFIG = 'redis-config';
const SCRIPT = 'start.sh';
/** The default port of redis_exporter. */
export const REDIS_EXPORTER_PORT = 9121;
const MEBI = 1024 * 1024;

/** Who is in the fleet, and for how long: nothing that must outlast it, so it has no volume, and one is enough. */
export function redisDeployment(plan: Plan, configHash: string): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(plan, NAME, NAME),
    spec: {
      replicas: 1,
      selector: selectorOf(NAME),
      // Two at once would make two fleets.
      strategy: { type: 'Recreate' },
      template: {
        metadata: {
          labels: labelsOf(NAME),
          annotations: { ...scrapeAnnotations(REDIS_EXPORTER_PORT), 'breakwater/config': configHash },
        },
        spec: {
          ...podBase(NAME, USER),
          terminationGracePeriodSeconds: 30,
          topologySpreadConstraints: spread(NAME),
          containers: [server(plan), exporter(plan)],
          volumes: [
            { name: 'config', configMap: { name: CONFIG } },
            { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
          ],
        },
      },
    },
  };
}

function server(plan: Plan): Container {
  const { image, port, resources } = plan.stack.redis;
  const ping = ['redis-cli', '-e', '-p', String(port), 'ping'];
  return {
    name: NAME,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', `/etc/redis/${SCRIPT}`],
    ports: [{ name: 'redis', containerPort: port }],
    env: [secretEnv('REDIS_PASSWORD'), secretEnv('REDIS_EXPORTER_PASSWORD')],
    resources: resourcesOf(resources),
    livenessProbe: { exec: { command: ping }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { exec: { command: ping }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'config', mountPath: '/etc/redis', readOnly: true },
      { name: 'run', mountPath: '/run/redis' },
    ],
  };
}

function exporter(plan: Plan): Container {
  return {
    name: 'exporter',
    image: plan.stack.monitoring.exporters.redis,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'metrics', containerPort: REDIS_EXPORTER_PORT }],
    env: [
      { name: 'REDIS_ADDR', value: `redis://127.0.0.1:${plan.stack.redis.port}` },
      { name: 'REDIS_USER', value: 'exporter' },
      secretEnv('REDIS_PASSWORD', 'REDIS_EXPORTER_PASSWORD'),
    ],
    resources: resourcesOf({
      requests: { cpu: 0.02, memory: 32 * MEBI },
      limits: { cpu: 0.1, memory: 64 * MEBI },
    }),
    livenessProbe: httpProbe('/health', 'metrics', 20, 3),
    securityContext: CONTAINER_SECURITY,
  };
}

export function redisConfig(plan: Plan): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metaOf(plan, CONFIG, NAME),
    data: { [SCRIPT]: redisStartScript(plan) },
  };
}

export function redisService(plan: Plan): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metaOf(plan, NAME, NAME),
    spec: { selector: labelsOf(NAME), ports: [{ name: 'redis', port: plan.stack.redis.port, targetPort: 'redis' }] },
  };
}
