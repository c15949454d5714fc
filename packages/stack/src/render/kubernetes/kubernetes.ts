import { createHash } from 'node:crypto';
import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';
import { yamlText } from '../yaml-text.js';
import { discoveryRole, namespaceOf, serviceAccounts } from './access.js';
import { adapterRules } from './adapter.js';
import { backendService, backendStatefulSet, backendVpa } from './backends.js';
import { collectorServices, collectorWorkload, targetsConfig } from './collectors.js';
import { proxyConfig, proxyDeployment, proxyService } from './load-balancer.js';
import { networkPolicies } from './network-policies.js';
import { redisConfig, redisDeployment, redisService } from './redis.js';
import { collectorHpa, disruptionBudgets } from './scaling.js';

const COMPONENTS = ['network-telemetry', 'influxdb', 'redis', 'load-balancer'] as const;

/**
 * `telemetry-deployment.yaml` is applied as a whole. The VPA has a file of its own, since a cluster without its CRD
 * refuses it, and so have the adapter's rules, which lie in the namespace of the monitoring.
 */
export function renderKubernetes(plan: Plan): RenderedFile[] {
  return [
    { path: 'k8s/telemetry-deployment.yaml', text: yamlText(objects(plan)) },
    { path: 'k8s/influxdb-vpa.yaml', text: yamlText([backendVpa(plan)]) },
    { path: 'k8s/prometheus-adapter.yaml', text: yamlText([adapterRules(plan)]) },
  ];
}

function objects(plan: Plan): unknown[] {
  const redis = redisConfig(plan);
  const proxy = proxyConfig(plan);
  return [
    namespaceOf(plan),
    ...serviceAccounts(plan, COMPONENTS),
    ...discoveryRole(plan),
    ...networkPolicies(plan),
    ...targetsConfig(plan),
    redis,
    redisService(plan),
    redisDeployment(plan, hashOf(redis.data)),
    backendService(plan),
    backendStatefulSet(plan),
    ...collectorServices(plan),
    collectorWorkload(plan),
    proxy,
    proxyService(plan),
    proxyDeployment(plan, hashOf(proxy.data)),
    collectorHpa(plan),
    ...disruptionBudgets(plan),
  ];
}

/** Changes with what a pod reads at its start only, so that a change starts it anew. */
const hashOf = (data: unknown): string => createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 16);
