import type { Namespace, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { Role, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import type { Plan } from '../../plan/plan.js';
import { type Component, metaOf } from './meta.js';

export function namespaceOf(plan: Plan): Namespace {
  const { name, labels } = metaOf(plan, plan.stack.kubernetes.namespace);
  const standard = Object.fromEntries(
    ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  );
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: name!, labels: { ...labels, ...standard } } };
}

/** One for each component, so that none has what another is given; without a token, as none calls the API. */
export const serviceAccounts = (plan: Plan, components: readonly Component[]): ServiceAccount[] =>
  components.map((component) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metaOf(plan, component, component),
    automountServiceAccountToken: false,
  }));

const DISCOVERY = 'prometheus-discovery';

/** Nothing of the stack calls the API; Prometheus does, to find the pods that it scrapes. */
export function discoveryRole(plan: Plan): [Role, RoleBinding] {
  const verbs = ['get', 'list', 'watch'];
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: metaOf(plan, DISCOVERY),
      rules: [
        { apiGroups: [''], resources: ['pods', 'services', 'endpoints'], verbs },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: metaOf(plan, DISCOVERY),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: DISCOVERY },
      // Whatever its service account is called there.
      subjects: [
        {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'Group',
          name: `system:serviceaccounts:${plan.stack.kubernetes.monitoringNamespace}`,
        },
      ],
    },
  ];
}
