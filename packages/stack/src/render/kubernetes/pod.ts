import { posix } from 'node:path';
import type {
  EnvVar,
  PodSecurityContext,
  PodSpec,
  Probe,
  ResourceRequirements,
  SecurityContext,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1.js';
import { showBytes, showCpu } from '../../file/units.js';
import { type Component, selectorOf } from './meta.js';

/** The Secret that `kubectl create secret generic … --from-env-file=.env` makes. */
const SECRET = 'telemetry-secrets';

export const secretEnv = (name: string, key: string = name): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: SECRET, key } },
});

/** A Secret's key of the same name as the file, at the file's path; nothing where the stack file names none. */
export function fileOfSecret(
  name: string,
  secretName: string,
  path: string | undefined,
): { readonly volumes: Volume[]; readonly mounts: VolumeMount[] } {
  if (path === undefined) return { volumes: [], mounts: [] };
  return {
    volumes: [{ name, secret: { secretName } }],
    mounts: [{ name, mountPath: path, subPath: posix.basename(path), readOnly: true }],
  };
}

/** What Pod Security `restricted` asks of a container, and a root that cannot be written. */
export const CONTAINER_SECURITY: SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

const podSecurity = (user: number): PodSecurityContext => ({
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  fsGroup: 2000,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
});

/** What every pod of the stack has: none of them calls the API of the cluster, nor needs the variables of other services. */
export const podBase = (component: Component, user: number) =>
  ({
    serviceAccountName: component,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(user),
  }) satisfies Partial<PodSpec>;

/** Over nodes, then over zones. `must`: a pod rather waits than share a node while another node has none. */
export function spread(component: Component, must = false): TopologySpreadConstraint[] {
  const over = (topologyKey: string, whenUnsatisfiable: string): TopologySpreadConstraint => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    labelSelector: selectorOf(component),
  });
  return [
    over('kubernetes.io/hostname', must ? 'DoNotSchedule' : 'ScheduleAnyway'),
    over('topology.kubernetes.io/zone', 'ScheduleAnyway'),
  ];
}

interface Resources {
  readonly requests: { readonly cpu: number; readonly memory: number };
  readonly limits: { readonly cpu: number; readonly memory: number };
}

/** `ephemeral`: bytes that the pod may have on its node's disk, by what it asks for and at most. */
export function resourcesOf(
  { requests, limits }: Resources,
  ephemeral?: { readonly request: number; readonly limit: number },
): ResourceRequirements {
  const quantities = ({ cpu, memory }: Resources['requests'], disk: number | undefined) => ({
    cpu: showCpu(cpu),
    memory: showBytes(memory),
    ...(disk === undefined ? {} : { 'ephemeral-storage': showBytes(disk) }),
  });
  return { requests: quantities(requests, ephemeral?.request), limits: quantities(limits, ephemeral?.limit) };
}

/** Asked of the port called `port`; `seconds` and what it takes of them to be believed. */
export const httpProbe = (path: string, port: string, every: number, failures: number): Probe => ({
  httpGet: { path, port },
  periodSeconds: every,
  timeoutSeconds: Math.min(every, 3),
  failureThreshold: failures,
});

/** For Prometheus that discovers pods; the in-cluster monitoring reads the same. */
export const scrapeAnnotations = (port: number, path = '/metrics'): Record<string, string> => ({
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(port),
  'prometheus.io/path': path,
});
