import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1.js';
import type { Plan } from '../../plan/plan.js';
import { type Component, metaOf, selectorOf } from './meta.js';
import { REDIS_EXPORTER_PORT } from './redis.js';

/** Where clouds tell a machine its credentials: never a target. */
const METADATA_SERVICE = '169.254.169.254';
/** Where NodeLocal DNSCache listens on each node. */
const NODE_LOCAL_DNS = '169.254.20.10/32';

const tcp = (...ports: number[]): NetworkPolicyPort[] => ports.map((port) => ({ port, protocol: 'TCP' }));
const pods = (...components: Component[]): NetworkPolicyPeer[] =>
  components.map((component) => ({ podSelector: selectorOf(component) }));
const namespace = (name: string): NetworkPolicyPeer => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});

/** Nothing passes but what is named: for each component who may ask it, and whom it asks. */
export function networkPolicies(plan: Plan): NetworkPolicy[] {
  return [denyAll(plan), dns(plan), collectors(plan), backends(plan), redis(plan), proxy(plan)];
}

function denyAll(plan: Plan): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metaOf(plan, 'default-deny'),
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  };
}

function dns(plan: Plan): NetworkPolicy {
  const cluster: NetworkPolicyPeer = {
    ...namespace('kube-system'),
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metaOf(plan, 'allow-dns'),
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [cluster, { ipBlock: { cidr: NODE_LOCAL_DNS } }],
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      ],
    },
  };
}

interface Rules {
  readonly ingress: NetworkPolicyIngressRule[];
  readonly egress?: NetworkPolicyEgressRule[];
}

function policy(plan: Plan, component: Component, { ingress, egress }: Rules): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metaOf(plan, component, component),
    spec: {
      podSelector: selectorOf(component),
      policyTypes: egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'],
      ingress,
      ...(egress === undefined ? {} : { egress }),
    },
  };
}

function collectors(plan: Plan): NetworkPolicy {
  const { collectors: own, backends: servers, redis: shared, kubernetes } = plan.stack;
  return policy(plan, 'network-telemetry', {
    ingress: [
      {
        from: [...pods('load-balancer', 'network-telemetry'), namespace(kubernetes.monitoringNamespace)],
        ports: tcp(own.port),
      },
    ],
    egress: [
      { to: pods('influxdb'), ports: tcp(servers.port) },
      { to: pods('redis'), ports: tcp(shared.port) },
      // What a drain leaves goes to the peers, through the proxy or not; and collectors may be targets themselves.
      { to: pods('load-balancer', 'network-telemetry'), ports: tcp(own.port) },
      targets(plan),
    ],
  });
}

function targets(plan: Plan): NetworkPolicyEgressRule {
  const { targetCidrs, targetPorts } = plan.stack.collectors;
  return {
    to: targetCidrs.map((cidr) => ({
      ipBlock: { cidr, ...(containsAddress(cidr, METADATA_SERVICE) ? { except: [`${METADATA_SERVICE}/32`] } : {}) },
    })),
    ...(targetPorts.length === 0 ? {} : { ports: targetPorts.map(({ port, protocol }) => ({ port, protocol })) }),
  };
}

function backends(plan: Plan): NetworkPolicy {
  const { backends: own, kubernetes } = plan.stack;
  const from = [...pods('network-telemetry', 'load-balancer'), namespace(kubernetes.monitoringNamespace)];
  return policy(plan, 'influxdb', { ingress: [{ from, ports: tcp(own.port) }] });
}

function redis(plan: Plan): NetworkPolicy {
  const { redis: own, kubernetes } = plan.stack;
  return policy(plan, 'redis', {
    ingress: [
      { from: pods('network-telemetry'), ports: tcp(own.port) },
      { from: [namespace(kubernetes.monitoringNamespace)], ports: tcp(REDIS_EXPORTER_PORT) },
    ],
  });
}

function proxy(plan: Plan): NetworkPolicy {
  const { proxy: own, collectors: behind, backends: servers, kubernetes } = plan.stack;
  const clients: NetworkPolicyPeer[] = [{ podSelector: {} }, ...kubernetes.ingressNamespaces.map(namespace)];
  return policy(plan, 'load-balancer', {
    ingress: [
      { from: clients, ports: tcp(behind.port, servers.port) },
      { from: [namespace(kubernetes.monitoringNamespace)], ports: tcp(own.port) },
    ],
    egress: [
      { to: pods('network-telemetry'), ports: tcp(behind.port) },
      { to: pods('influxdb'), ports: tcp(servers.port) },
    ],
  });
}

/** Whether an IPv4 network holds an address. */
function containsAddress(cidr: string, address: string): boolean {
  const [network, length] = cidr.split('/');
  if (network === undefined || network.includes(':')) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(numberOf(network) / size) === Math.floor(numberOf(address) / size);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
