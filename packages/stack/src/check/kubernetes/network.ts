import { type Cluster, clusterCheck } from './cluster.js';
import { type Flow, flowsOf, scrapesOf } from './flows.js';
import { selects, showLabels } from './labels.js';
import { asList, asRecord, type Found, type Manifest } from './manifest.js';
import { type Direction, hasRules, lets, type Passage, type Peer, policiesOf, typesOf } from './network-rules.js';
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
      ...(passes(cluster, out, 'Egress', target, from) ? [] : [blocked(asked, out, 'Egress')]),
      ...(passes(cluster, into, 'Ingress', source, to) ? [] : [blocked(asked, into, 'Ingress')]),
    ];
  }),
);

const peerOf = ({ namespace, labels }: Workload): Peer => ({ namespace, labels });

function blocked({ from, to, port, why }: Flow, policies: readonly Manifest[], direction: Direction): Found {
  const message = `keeps ${from.title} from asking ${to.title} on port ${port}, which ${why} names`;
  const fix =
    direction === 'Egress'
      ? `add egress to podSelector ${showLabels(to.labels)}, port ${port}`
      : `add ingress from podSelector ${showLabels(from.labels)}, port ${port}`;
  return placeOf(policies).found(['spec'], message, fix);
}

/** Of the policies that isolate a workload the one that is for it: where a rule that is missing belongs. */
const placeOf = (policies: readonly Manifest[]): Manifest =>
  policies.find((policy) => Object.keys(policy.record('spec', 'podSelector')).length > 0) ?? policies[0]!;

/** What nothing lets through, network-deny-all tells at once. */
const isShut = (cluster: Cluster, { namespace }: Workload, direction: Direction): boolean =>
  !cluster.ofKind(POLICY).some((policy) => policy.namespace === namespace && hasRules(policy, direction));

const passes = (
  cluster: Cluster,
  policies: readonly Manifest[],
  direction: Direction,
  passage: Passage,
  of: Workload,
) => lets(cluster, policies, direction, passage) || isShut(cluster, of, direction);

const dns = clusterCheck('network-dns', 'Network policies let pods ask DNS, by UDP and TCP', (cluster) => {
  const asking = new Set(flowsOf(cluster).map(({ from }) => from));
  return [...asking].flatMap((workload) => {
    const policies = policiesOf(cluster, workload, 'Egress');
    const missing = ['UDP', 'TCP'].filter(
      (protocol) =>
        !passes(cluster, policies, 'Egress', { peer: DNS, port: 53, protocol, workload: undefined }, workload),
    );
    if (missing.length === 0) return [];
    const message = `keeps ${workload.title} from asking DNS by ${missing.join(' and ')}: it finds nobody`;
    return [placeOf(policies).found(['spec'], message, 'add egress to namespace kube-system, port 53, UDP and TCP')];
  });
});

const scrape = clusterCheck('network-scrape', 'Network policies let Prometheus scrape', (cluster, { plan }) =>
  cluster.workloads.flatMap((workload) =>
    scrapesOf(workload).flatMap((port) => {
      const policies = policiesOf(cluster, workload, 'Ingress');
      const namespaces = plan === undefined ? foreignNamespaces(policies) : [plan.stack.kubernetes.monitoringNamespace];
      const isLet = [...namespaces, ...(plan === undefined ? [MONITORING] : [])].some((namespace) =>
        passes(
          cluster,
          policies,
          'Ingress',
          { peer: { namespace, labels: undefined }, port, protocol: 'TCP', workload },
          workload,
        ),
      );
      if (isLet) return [];
      const from = plan?.stack.kubernetes.monitoringNamespace ?? MONITORING;
      const message = `keeps Prometheus from scraping ${workload.title} on port ${port}`;
      return [placeOf(policies).found(['spec'], message, `add ingress from namespace ${from}, port ${port}`)];
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
