import type { Cluster } from './cluster.js';
import { type Labels, labelsOf, selects } from './labels.js';
import { asList, asRecord, type Manifest, type Value } from './manifest.js';
import type { Workload } from './workload.js';

export type Direction = 'Ingress' | 'Egress';

/** Who is at the other end; undefined labels are not known, and match any selector of pods. */
export interface Peer {
  readonly namespace: string;
  readonly labels: Labels | undefined;
}

/** What is to pass. */
export interface Passage {
  readonly peer: Peer;
  readonly port: number;
  readonly protocol: string;
  /** Who has the port, for rules that name it; undefined outside of the files. */
  readonly workload: Workload | undefined;
}

const FIELDS = {
  Ingress: { rules: 'ingress', peers: 'from' },
  Egress: { rules: 'egress', peers: 'to' },
} as const;

/** Without policyTypes a policy is for what comes in, and for what goes out if it has such rules. */
export function typesOf(policy: Manifest): Direction[] {
  const types = policy.at('spec', 'policyTypes');
  if (Array.isArray(types)) return (['Ingress', 'Egress'] as const).filter((type) => types.includes(type));
  return policy.at('spec', 'egress') === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
}

export const hasRules = (policy: Manifest, direction: Direction): boolean =>
  typesOf(policy).includes(direction) && policy.list('spec', FIELDS[direction].rules).length > 0;

/** The policies that isolate a workload in a direction; none: everything passes. */
export const policiesOf = (
  cluster: Cluster,
  { labels, namespace }: Workload,
  direction: Direction,
): readonly Manifest[] =>
  cluster
    .ofKind('NetworkPolicy')
    .filter(
      (policy) =>
        policy.namespace === namespace &&
        typesOf(policy).includes(direction) &&
        selects(policy.at('spec', 'podSelector'), labels),
    );

/** Whether some rule of the policies lets it pass. */
export function lets(cluster: Cluster, policies: readonly Manifest[], direction: Direction, passage: Passage): boolean {
  if (policies.length === 0) return true;
  const { rules, peers } = FIELDS[direction];
  return policies.some((policy) =>
    policy.list('spec', rules).some((rule) => {
      const named = asList(rule[peers]);
      const isPeer = named.length === 0 || named.some((peer) => isMeant(cluster, policy, peer, passage.peer));
      return isPeer && isPort(asList(rule['ports']), passage);
    }),
  );
}

function isMeant(
  cluster: Cluster,
  policy: Manifest,
  { ipBlock, namespaceSelector, podSelector }: Value,
  peer: Peer,
): boolean {
  // Addresses of pods are nobody's to know; only "everywhere" has them for sure.
  if (ipBlock !== undefined) return asRecord(ipBlock)['cidr'] === '0.0.0.0/0';
  const isNamespace =
    namespaceSelector === undefined
      ? policy.namespace === peer.namespace
      : selects(namespaceSelector, namespaceLabels(cluster, peer.namespace));
  return isNamespace && (podSelector === undefined || peer.labels === undefined || selects(podSelector, peer.labels));
}

/** Those of its manifest, and the one that every namespace has. */
function namespaceLabels(cluster: Cluster, name: string): Labels {
  const own = cluster.ofKind('Namespace').find((namespace) => namespace.name === name);
  return { ...labelsOf(own?.at('metadata', 'labels')), 'kubernetes.io/metadata.name': name };
}

const isPort = (ports: readonly Value[], { port, protocol, workload }: Passage): boolean =>
  ports.length === 0 ||
  ports.some(({ port: named, endPort, protocol: of = 'TCP' }) => {
    if (of !== protocol) return false;
    if (named === undefined) return true;
    const first = typeof named === 'string' ? workload?.port(named) : Number(named);
    return first !== undefined && port >= first && port <= Number(endPort ?? first);
  });
