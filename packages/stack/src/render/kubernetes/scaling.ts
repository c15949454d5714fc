import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { Plan } from '../../plan/plan.js';
import { BUSY_METRIC } from './adapter.js';
import { type Component, metaOf, selectorOf } from './meta.js';

const NAME = 'network-telemetry';

export function collectorHpa(plan: Plan): HorizontalPodAutoscaler {
  const { min, max, storage, scaling } = plan.stack.collectors;
  const utilization = (name: string, percent: number) => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization: percent } },
  });
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metaOf(plan, `${NAME}-hpa`, NAME),
    spec: {
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: storage === 'persistent' ? 'StatefulSet' : 'Deployment',
        name: NAME,
      },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        utilization('cpu', scaling.cpu),
        utilization('memory', scaling.memory),
        {
          type: 'Pods',
          pods: {
            metric: { name: BUSY_METRIC },
            target: { type: 'AverageValue', averageValue: busyTarget(plan) },
          },
        },
      ],
      behavior: {
        // The smaller of the two bounds it; the default would be the larger.
        scaleUp: {
          stabilizationWindowSeconds: scaling.up.window,
          selectPolicy: 'Min',
          policies: [
            { type: 'Percent', value: scaling.up.percent, periodSeconds: scaling.up.period },
            { type: 'Pods', value: scaling.up.pods, periodSeconds: scaling.up.period },
          ],
        },
        scaleDown: {
          stabilizationWindowSeconds: scaling.down.window,
          selectPolicy: 'Max',
          policies: [{ type: 'Percent', value: scaling.down.percent, periodSeconds: scaling.down.period }],
        },
      },
    },
  };
}

/** Slots for targets that turns may take up in each pod, on average. */
function busyTarget({ stack, collectors }: Plan): string {
  const slots = (collectors.targetSlots * stack.collectors.scaling.busy) / 100;
  return Number.isInteger(slots) ? String(slots) : `${Math.round(slots * 1000)}m`;
}

/**
 * A node drain may take away as many collectors at once as the autoscaler gives back in one step, and never more than a
 * third: as a share of `collectors.max`, it holds at every size, since Kubernetes rounds the share up to whole pods.
 */
function collectorDisruptions({ stack }: Plan): number | string {
  const { max, scaling } = stack.collectors;
  const percent = Math.min(33, Math.floor((100 * scaling.up.pods) / max));
  return percent === 0 ? 1 : `${percent}%`;
}

export function disruptionBudgets(plan: Plan): PodDisruptionBudget[] {
  const budget = (component: Component, maxUnavailable: number | string): PodDisruptionBudget => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metaOf(plan, component, component),
    // A pod that is not ready serves nobody: it must not keep a node from being drained.
    spec: { maxUnavailable, selector: selectorOf(component), unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  });
  return [budget('network-telemetry', collectorDisruptions(plan)), budget('influxdb', 1), budget('load-balancer', 1)];
}
