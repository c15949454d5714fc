import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import type { YamlSource } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { matchesAll } from './labels.js';
import { asList, asRecord, asText, type Found, Manifest } from './manifest.js';
import { Workload } from './workload.js';

/** A haproxy.cfg that a workload mounts from a ConfigMap, and where its text begins. */
interface MountedProxy {
  readonly config: HaproxyConfig;
  readonly text: string;
  readonly manifest: Manifest;
  /** The line in the manifest's file above the first line of the text. */
  readonly above: number;
}

/** Everything that the manifests would make, from all files together. */
export class Cluster {
  readonly manifests: readonly Manifest[];
  readonly workloads: readonly Workload[];
  readonly #proxies = new Map<Manifest, readonly MountedProxy[]>();

  constructor(sources: readonly YamlSource[]) {
    this.manifests = sources
      .flatMap(({ documents }) => documents)
      .flatMap((document) => {
        const whole = new Manifest(document, []);
        if (!whole.kind.endsWith('List')) return [whole];
        return whole.list('items').map((_, index) => new Manifest(document, ['items', index]));
      });
    const find = (name: string, namespace: string) => this.find('ConfigMap', name, namespace);
    this.workloads = this.manifests.flatMap((manifest) => Workload.of(manifest, find) ?? []);
  }

  ofKind(...kinds: readonly string[]): readonly Manifest[] {
    return this.manifests.filter(({ kind }) => kinds.includes(kind));
  }

  find(kind: string, name: string, namespace: string): Manifest | undefined {
    return this.manifests.find((it) => it.kind === kind && it.name === name && it.namespace === namespace);
  }

  /** What an HPA, a VPA or a PDB points at. */
  workload(kind: unknown, name: unknown, namespace: string): Workload | undefined {
    return this.workloads.find(
      ({ manifest }) => manifest.kind === kind && manifest.name === name && manifest.namespace === namespace,
    );
  }

  selectedBy(service: Manifest): readonly Workload[] {
    const selector = service.at('spec', 'selector');
    if (selector === undefined) return [];
    return this.workloads.filter(
      ({ labels, namespace }) => namespace === service.namespace && matchesAll(selector, labels),
    );
  }

  /** The service of a name in DNS, as seen from a namespace: `redis`, `redis.ns`, `influxdb-0.influxdb.ns.svc.cluster.local`. */
  serviceAt(host: string, from: string): Manifest | undefined {
    const [first, second, third] = host.split('.');
    const service = (name: string | undefined, namespace: string | undefined) =>
      name === undefined || namespace === undefined ? undefined : this.find('Service', name, namespace);
    return service(first, second ?? from) ?? service(second, third ?? from);
  }

  hpaOf({ manifest }: Workload): Manifest | undefined {
    return this.ofKind('HorizontalPodAutoscaler').find((hpa) => {
      const { kind, name } = hpa.record('spec', 'scaleTargetRef');
      return kind === manifest.kind && name === manifest.name && hpa.namespace === manifest.namespace;
    });
  }

  /** The fewest and the most pods of a workload, a rolling update left out. */
  replicasOf(workload: Workload): { readonly min: number; readonly max: number } {
    const spec = this.hpaOf(workload)?.record('spec');
    const fixed = Number(workload.manifest.at('spec', 'replicas') ?? 1);
    return spec === undefined
      ? { min: fixed, max: fixed }
      : { min: Number(spec['minReplicas'] ?? 1), max: Number(spec['maxReplicas']) };
  }

  /** The files called `*.cfg` in the ConfigMaps that a workload mounts. */
  proxiesOf({ pod, namespace }: Workload): readonly MountedProxy[] {
    return asList(pod['volumes'])
      .map(({ configMap }) => this.find('ConfigMap', String(asRecord(configMap)['name']), namespace))
      .flatMap((manifest) => (manifest === undefined ? [] : this.#proxiesIn(manifest)));
  }

  #proxiesIn(manifest: Manifest): readonly MountedProxy[] {
    const known = this.#proxies.get(manifest);
    if (known !== undefined) return known;
    const proxies = Object.entries(manifest.record('data')).flatMap(([key, value]) => {
      const text = asText(value);
      if (text === undefined || !key.endsWith('.cfg')) return [];
      const config = new HaproxyConfig(manifest.document.file, text);
      return [{ config, text, manifest, above: manifest.lineOf('data', key) }];
    });
    this.#proxies.set(manifest, proxies);
    return proxies;
  }
}

const clusters = new WeakMap<readonly YamlSource[], Cluster>();

function clusterOf({ manifests }: Artifacts): Cluster {
  const known = clusters.get(manifests);
  if (known !== undefined) return known;
  const cluster = new Cluster(manifests);
  clusters.set(manifests, cluster);
  return cluster;
}

/** A check over all manifests. */
export const clusterCheck = (
  id: string,
  holds: string,
  run: (cluster: Cluster, artifacts: Artifacts) => readonly Found[],
): Check => ({ id, holds, run: (artifacts) => run(clusterOf(artifacts), artifacts) });
