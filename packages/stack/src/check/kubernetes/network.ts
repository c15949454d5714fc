import { clusterCheck } from './cluster.js';
import { type Flow, flowsOf, scrapesOf } from './flows.js';
import { selects, showLabels } from './labels.js';
import { asList, asRecord, type Found, type Manifest } from './manifest.js';
import { type Direction, hasRules, lets, type Peer, policiesOf, typesOf } from './network-rules.js';
import type { Workload } from './workload.js';

const POLICY = 'NetworkPolicy';
const DNS: Peer = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
/** Where Prometheus runs, where no stack file says so. */
const MONITORING = 'monitoring';

const denyAll = clusterCheck(
  'network-deny-all',
  'What denies all stands beside what lets something through',
  (cluster) =>
    cluster.ofKind(POLICY).flatMap((policy) => {
      const others = cluster.ofKind(POLICY).filter(({ namespace }) => namespace === policy.namespace);
      const shut = typesOf(policy).filter((type) => !others.some((other) => hasRules(other, type)));
      if (shut.length === 0) return [];
      const message = `has no rules for ${shut.join(' and ')}, and no other policy of namespace ${policy.namespace} has: nothing passes, not DNS, not scrapes, not what the pods ask each other`;
      return [policy.found(['spec'], message, 'add policies that let through what is needed')];
    }),
);

const selector = clusterCheck('network-selector', 'A network policy selects pods that there are', (cluster) =>
  cluster.ofKind(POLICY).flatMap((policy) => {
    const here = cluster.workloads.filter(({ namespace }) => namespace === policy.namespace);
    if (here.length === 0) return [];
    return podSelectors(policy)
      .filter((path) => !here.some(({ labels }) => selects(policy.at(...path), labels)))
      .map((path) => {
        const message = `${path.join('.')} selects ${showLabels(policy.at(...path, 'matchLabels'))}, which no pod of namespace ${policy.namespace} has`;
        return policy.found(
          path,
          message,
          `the pods have ${here.map(({ labels }) => showLabels(labels)).join(' or ')}`,
        );
      });
  }),
);

/** The paths of all selectors of pods in the policy's own namespace. */
const podSelectors = (policy: Manifest): Array<Array<string | number>> => [
  ['spec', 'podSelector'],
  ...(['ingress', 'egress'] as const).flatMap((direction) =>
    policy
      .list('spec', direction)
      .flatMap((rule, at) =>
        asList(rule[direction === 'ingress' ? 'from' : 'to']).flatMap((peer, index) =>
          peer['podSelector'] === undefined || peer['namespaceSelector'] !== undefined
            ? []
            : [['spec', direction, at, direction === 'ingress' ? 'from' : 'to', index, 'podSelector']],
        ),
      ),
  ),
];

const flow = clusterCheck('network-flow', 'Network policies let pods ask whom they are configured to ask', (cluster) =>
  flowsOf(cluster).flatMap((asked): Found[] => {
    const { from, to, port } = asked;
    const out = policiesOf(cluster, from, 'Egress');
    const into = policiesOf(cluster, to, 'Ingress');
    const target = { peer: peerOf(to), port, protocol: 'TCP', workload: to };
    const source = { peer: peerOf(from), port, protocol: 'TCP', workload: to };
    return [
      ...(lets(cluster, out, 'Egress', target) ? [] : [blocked(asked, out, 'Egress')]),
      ...(lets(cluster, into, 'Ingress', source) ? [] : [blocked(asked, into, 'Ingress')]),
    ];
  }),
);

const peerOf = ({ namespace, labels }: Workload): Peer => ({ namespace, labels });

function blocked({ from, to, port, why }: Flow, policies: readonly Manifest[], direction: Direction): Found {
  const place = policies.find((policy) => hasRules(policy, direction)) ?? policies[0]!;
  const other = direction === 'Egress' ? to : from;
  const way = direction === 'Egress' ? `${from.title} not out to ${to.title}` : `${from.title} not in to ${to.title}`;
  const message = `lets ${way} on port ${port}, which ${why} names`;
  const rule = direction === 'Egress' ? 'egress to' : 'ingress from';
  return place.found(['spec'], message, `add ${rule} podSelector ${showLabels(other.labels)}, port ${port}`);
}

const dns = clusterCheck('network-dns', 'Network policies let pods ask DNS, by UDP and TCP', (cluster) => {
  const asking = new Set(flowsOf(cluster).map(({ from }) => from));
  return [...asking].flatMap((workload) => {
    const policies = policiesOf(cluster, workload, 'Egress');
    const missing = ['UDP', 'TCP'].filter(
      (protocol) => !lets(cluster, policies, 'Egress', { peer: DNS, port: 53, protocol, workload: undefined }),
    );
    if (missing.length === 0) return [];
    const message = `lets ${workload.title} not ask DNS by ${missing.join(' and ')}: it finds nobody`;
    return [policies[0]!.found(['spec'], message, 'add egress to namespace kube-system, port 53, UDP and TCP')];
  });
});

const scrape = clusterCheck('network-scrape', 'Network policies let Prometheus scrape', (cluster, { plan }) =>
  cluster.workloads.flatMap((workload) =>
    scrapesOf(workload).flatMap((port) => {
      const policies = policiesOf(cluster, workload, 'Ingress');
      const namespaces = plan === undefined ? foreignNamespaces(policies) : [plan.stack.kubernetes.monitoringNamespace];
      const isLet = [...namespaces, ...(plan === undefined ? [MONITORING] : [])].some((namespace) =>
        lets(cluster, policies, 'Ingress', { peer: { namespace, labels: undefined }, port, protocol: 'TCP', workload }),
      );
      if (isLet) return [];
      const from = plan?.stack.kubernetes.monitoringNamespace ?? MONITORING;
      const message = `lets Prometheus not scrape ${workload.title} on port ${port}`;
      return [policies[0]!.found(['spec'], message, `add ingress from namespace ${from}, port ${port}`)];
    }),
  ),
);

/** The namespaces that policies name: which of them Prometheus runs in, only a stack file says. */
const foreignNamespaces = (policies: readonly Manifest[]): string[] =>
  policies.flatMap((policy) =>
    policy
      .list('spec', 'ingress')
      .flatMap(({ from }) => asList(from))
      .flatMap(({ namespaceSelector }) => Object.values(asRecord(asRecord(namespaceSelector)['matchLabels'])))
      .map(String),
  );

export const networkChecks = [denyAll, selector, flow, dns, scrape];
