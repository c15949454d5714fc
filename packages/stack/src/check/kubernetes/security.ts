import type { Path } from '../../source/yaml-source.js';
import { type Cluster, clusterCheck } from './cluster.js';
import { asList, asRecord, type Found } from './manifest.js';
import type { ContainerAt, Workload } from './workload.js';

/** Also one that starts before the others. */
type AnyContainer = Omit<ContainerAt, 'environment'>;

const ENFORCE = 'pod-security.kubernetes.io/enforce';
/** What Pod Security `restricted` lets a pod mount. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const isRestricted = (cluster: Cluster, { namespace }: Workload): boolean =>
  cluster.ofKind('Namespace').some(({ name, document, path }) => {
    const labels = asRecord(document.at([...path, 'metadata', 'labels']));
    return name === namespace && labels[ENFORCE] === 'restricted';
  });

const restricted = clusterCheck('pod-security', 'Pods of a restricted namespace are restricted', (cluster) =>
  cluster.workloads
    .filter((workload) => isRestricted(cluster, workload))
    .flatMap((workload) => [
      ...podProblems(workload),
      ...allContainers(workload).flatMap((container) => containerProblems(workload, container)),
    ]),
);

const allContainers = (workload: Workload): AnyContainer[] => [
  ...workload.containers,
  ...asList(workload.pod['initContainers']).map((value, index) => ({
    value,
    path: workload.inPod('initContainers', index),
    name: String(value['name']),
  })),
];

function podProblems(workload: Workload): Found[] {
  const problem = (path: Path, what: string, fix: string) => refused(workload, workload.inPod(...path), what, fix);
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => workload.pod[field] === true);
  return [
    ...shared.map((field) => problem([field], `${field}: true`, 'leave it out')),
    ...asList(workload.pod['volumes']).flatMap((volume, index) =>
      Object.keys(volume)
        .filter((key) => key !== 'name' && !VOLUMES.includes(key))
        .map((key) => problem(['volumes', index, key], `a ${key} volume`, `write one of ${VOLUMES.join(', ')}`)),
    ),
  ];
}

function containerProblems(workload: Workload, { value, path, name }: AnyContainer): Found[] {
  const own = asRecord(value['securityContext']);
  const whole = asRecord(workload.pod['securityContext']);
  const at = [...path, 'securityContext'];
  const { add, drop } = asRecord(own['capabilities']);
  const added = Array.isArray(add) ? add.filter((capability) => capability !== 'NET_BIND_SERVICE') : [];
  const seccomp = asRecord(own['seccompProfile'] ?? whole['seccompProfile'])['type'];
  const user = own['runAsUser'] ?? whole['runAsUser'];
  const hostPorts = asList(value['ports']).filter(({ hostPort }) => hostPort !== undefined);
  const problems: Array<readonly [boolean, Path, string, string]> = [
    [own['privileged'] === true, [...at, 'privileged'], 'is privileged', 'leave it out'],
    [own['allowPrivilegeEscalation'] !== false, at, 'may gain privileges', 'write allowPrivilegeEscalation: false'],
    [(own['runAsNonRoot'] ?? whole['runAsNonRoot']) !== true, at, 'may run as root', 'write runAsNonRoot: true'],
    [user === 0, at, 'runs as user 0', 'write another'],
    [!(Array.isArray(drop) && drop.includes('ALL')), at, 'keeps capabilities', 'write capabilities: { drop: [ALL] }'],
    [added.length > 0, [...at, 'capabilities'], `adds ${added.join(', ')}`, 'leave it out'],
    [
      seccomp !== 'RuntimeDefault' && seccomp !== 'Localhost',
      at,
      'has no seccomp profile',
      'write seccompProfile: { type: RuntimeDefault }',
    ],
    [hostPorts.length > 0, [...path, 'ports'], 'takes a port of its node', 'leave hostPort out'],
  ];
  return problems
    .filter(([isProblem]) => isProblem)
    .map(([, where, what, fix]) => refused(workload, where, `container ${name} ${what}`, fix));
}

const refused = (workload: Workload, path: Path, what: string, fix: string): Found =>
  workload.found(path, `${what}, and namespace ${workload.namespace} is restricted: no pod of it would start`, fix);

const imageTag = clusterCheck('image-tag', 'An image has a tag that does not move', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    allContainers(workload).flatMap(({ value, path, name }) => {
      const image = String(value['image'] ?? '');
      const [, tag] = /:([^:/@]+)(?:@.*)?$/.exec(image) ?? [];
      if (image.includes('@sha256:') || (tag !== undefined && tag !== 'latest')) return [];
      const message = `container ${name} runs ${image || 'no image'}: what that is changes without a change here`;
      return [workload.found([...path, 'image'], message, 'write the tag of a version')];
    }),
  ),
);

export const securityChecks = [restricted, imageTag];
