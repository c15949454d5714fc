import { closest } from '../../source/closest.js';
import type { Path } from '../../source/yaml-source.js';
import { type Cluster, clusterCheck } from './cluster.js';
import { asList, asRecord, asText, type Found, type Value } from './manifest.js';
import type { Workload } from './workload.js';

/** Something that a pod names and cannot start without. */
interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';
  readonly name: string;
  /** What it takes of it, where it takes one thing. */
  readonly key?: string | undefined;
  readonly path: Path;
}

/** The Secret that is made from `.env`, and never rendered. */
const STACK_SECRET = 'telemetry-secrets';
/** The most that the API server keeps in one object. */
const MOST_BYTES = 1024 * 1024;

const exists = clusterCheck('reference-exists', 'What a pod names is there', (cluster, { plan }) =>
  cluster.workloads.flatMap((workload) =>
    referencesOf(workload).flatMap(({ kind, name, key, path }): Found[] => {
      const found = cluster.find(kind, name, workload.namespace);
      if (found !== undefined) {
        const keys = [found.record('data'), found.record('stringData'), found.record('binaryData')].flatMap(
          Object.keys,
        );
        if (key === undefined || keys.includes(key)) return [];
        const fix = `it has ${keys.join(', ') || 'none'}`;
        return [workload.found(path, `${kind} ${name} has no key ${key}`, fix)];
      }
      if (kind === 'Secret' && name === STACK_SECRET && plan !== undefined) {
        const known = plan.secrets.map(({ variable }) => variable);
        if (key === undefined || known.includes(key)) return [];
        const near = closest(key, known);
        const fix = near === undefined ? `the stack's secrets are ${known.join(', ')}` : `did you mean ${near}?`;
        return [workload.found(path, `Secret ${name} has no key ${key}`, fix)];
      }
      const message = `names ${kind} ${name}, which no file has in namespace ${workload.namespace}`;
      // Secrets are rightly kept out of the files.
      if (kind === 'Secret') return [workload.found(path, message, 'see that it is made before', 'warning')];
      return [workload.found(path, `${message}: its pods would not start`, 'add it, or correct the name')];
    }),
  ),
);

function referencesOf(workload: Workload): Reference[] {
  const { pod } = workload;
  const account = asText(pod['serviceAccountName']);
  return [
    ...(account === undefined || account === 'default'
      ? []
      : [{ kind: 'ServiceAccount' as const, name: account, path: workload.inPod('serviceAccountName') }]),
    ...asList(pod['volumes']).flatMap((volume, index) => volumeReferences(volume, workload.inPod('volumes', index))),
    ...workload.containers.flatMap(({ value, path }) => [
      ...asList(value['env']).flatMap(({ valueFrom }, index) =>
        keyed(asRecord(valueFrom), [...path, 'env', index, 'valueFrom']),
      ),
      ...asList(value['envFrom']).flatMap((source, index) => [
        ...named('ConfigMap', source['configMapRef'], 'name', [...path, 'envFrom', index]),
        ...named('Secret', source['secretRef'], 'name', [...path, 'envFrom', index]),
      ]),
    ]),
  ];
}

function volumeReferences(volume: Value, path: Path): Reference[] {
  const items = (kind: 'ConfigMap' | 'Secret', source: unknown, field: string): Reference[] =>
    named(kind, source, field, path).flatMap((reference) => {
      const keys = asList(asRecord(source)['items']).map(({ key }) => String(key));
      return keys.length === 0 ? [reference] : keys.map((key) => ({ ...reference, key }));
    });
  return [
    ...items('ConfigMap', volume['configMap'], 'name'),
    ...items('Secret', volume['secret'], 'secretName'),
    ...named('PersistentVolumeClaim', volume['persistentVolumeClaim'], 'claimName', path),
  ];
}

const keyed = ({ configMapKeyRef, secretKeyRef }: Value, path: Path): Reference[] => [
  ...named('ConfigMap', configMapKeyRef, 'name', path),
  ...named('Secret', secretKeyRef, 'name', path),
];

/** Nothing where it is optional, or nothing is named. */
function named(kind: Reference['kind'], source: unknown, field: string, path: Path): Reference[] {
  const { [field]: name, key, optional } = asRecord(source);
  if (typeof name !== 'string' || optional === true) return [];
  return [{ kind, name, key: asText(key), path }];
}

const mounts = clusterCheck('mount-exists', 'What a container mounts is a volume of its pod', (cluster) =>
  cluster.workloads.flatMap((workload) => {
    const claims = workload.manifest
      .list('spec', 'volumeClaimTemplates')
      .map(({ metadata }) => asRecord(metadata)['name']);
    const volumes = new Set([...asList(workload.pod['volumes']).map(({ name }) => name), ...claims]);
    return workload.containers.flatMap(({ value, path, name: container }) =>
      asList(value['volumeMounts']).flatMap(({ name }, index) => {
        if (volumes.has(name)) return [];
        const message = `container ${container} mounts ${String(name)}, which is no volume of the pod`;
        const fix = `there are ${[...volumes].join(', ') || 'none'}`;
        return [workload.found([...path, 'volumeMounts', index], message, fix)];
      }),
    );
  }),
);

const size = clusterCheck('config-size', 'A ConfigMap is smaller than 1 MiB', (cluster: Cluster) =>
  cluster.ofKind('ConfigMap').flatMap((config) => {
    const bytes = Object.values(config.record('data')).reduce<number>(
      (sum, text) => sum + Buffer.byteLength(String(text)),
      0,
    );
    if (bytes <= MOST_BYTES) return [];
    const message = `has ${bytes} bytes, and the server takes ${MOST_BYTES} at most`;
    return [config.found(['data'], message, 'split it, or put it on a volume')];
  }),
);

export const referenceChecks = [exists, mounts, size];
