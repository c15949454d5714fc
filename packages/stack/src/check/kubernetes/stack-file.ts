import { clusterCheck } from './cluster.js';
import type { Found } from './manifest.js';

const bounds = clusterCheck(
  'hpa-stack-file',
  'The HPA of the collectors has the bounds of the stack file',
  (cluster, { plan }) => {
    if (plan === undefined) return [];
    const { min, max } = plan.stack.collectors;
    return cluster
      .ofKind('HorizontalPodAutoscaler')
      .filter((hpa) => hpa.at('spec', 'scaleTargetRef', 'name') === plan.collectors.name)
      .flatMap((hpa) =>
        (
          [
            ['minReplicas', 'min', min],
            ['maxReplicas', 'max', max],
          ] as const
        ).flatMap(([field, key, wanted]): Found[] => {
          const value = hpa.at('spec', field);
          if (value === undefined || value === wanted) return [];
          const message = `${field} ${String(value)}, and collectors.${key} of the stack file is ${wanted}, which the proxy, the alerts and the budgets go by`;
          return [hpa.found(['spec', field], message, `change collectors.${key}, and run breakwater generate`)];
        }),
      );
  },
);

export const stackFileChecks = [bounds];
