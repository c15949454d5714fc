import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { Plan } from '../../plan/plan.js';

/** The parts of the stack that run in a cluster; each is the name of its workload, service, account and policy. */
export type Component = 'network-telemetry' | 'influxdb' | 'redis' | 'load-balancer';

/** The one label that selectors use: it never changes, as selectors of workloads cannot. */
const NAME_LABEL = 'app.kubernetes.io/name';

export const labelsOf = (component: Component): Record<string, string> => ({ [NAME_LABEL]: component });

export const selectorOf = (component: Component): LabelSelector => ({ matchLabels: labelsOf(component) });

/** Metadata of an object of the stack, in its namespace. */
export function metaOf({ stack }: Plan, name: string, component?: Component): ObjectMeta {
  return {
    name,
    namespace: stack.kubernetes.namespace,
    labels: {
      ...(component === undefined ? {} : labelsOf(component)),
      'app.kubernetes.io/part-of': stack.name,
      'app.kubernetes.io/managed-by': 'breakwater',
    },
  };
}
