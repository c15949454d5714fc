import type { Finding } from '../../finding.js';
import { HaproxyConfig, type HaproxyLine } from '../../haproxy/haproxy-config.js';
import { type HaproxyProxy, proxiesOf } from '../../haproxy/haproxy-proxy.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { Cluster } from '../kubernetes/cluster.js';

/** A finding of a check, which adds its own id. */
export type Found = Omit<Finding, 'check'>;

/** A haproxy.cfg with its proxies, from a file of its own or from a ConfigMap that a workload mounts. */
export class ProxyFile {
  readonly config: HaproxyConfig;
  readonly proxies: readonly HaproxyProxy[];
  /** Whether it runs in Kubernetes. */
  readonly mounted: boolean;

  constructor(config: HaproxyConfig, mounted: boolean) {
    this.config = config;
    this.proxies = proxiesOf(config);
    this.mounted = mounted;
  }

  get fronts(): readonly HaproxyProxy[] {
    return this.proxies.filter(({ front }) => front);
  }

  get backs(): readonly HaproxyProxy[] {
    return this.proxies.filter(({ back }) => back);
  }

  back(name: string | undefined): HaproxyProxy | undefined {
    return this.backs.find((proxy) => proxy.name === name);
  }

  get globals(): readonly HaproxyLine[] {
    return this.config.named('global').flatMap(({ lines }) => lines);
  }

  global(word: string): HaproxyLine | undefined {
    return this.globals.findLast(({ words }) => words[0] === word);
  }

  /** Where the global section begins. */
  get globalLine(): number | undefined {
    return this.config.named('global')[0]?.line;
  }

  error(line: number | undefined, message: string, fix: string): Found {
    return { severity: 'error', file: this.config.file, line, message, fix };
  }

  warning(line: number | undefined, message: string, fix: string): Found {
    return { severity: 'warning', file: this.config.file, line, message, fix };
  }
}

const read = new WeakMap<Artifacts, readonly ProxyFile[]>();

/** Every haproxy.cfg there is; one that two workloads mount counts once. */
function proxyFiles(artifacts: Artifacts): readonly ProxyFile[] {
  const known = read.get(artifacts);
  if (known !== undefined) return known;
  const cluster = new Cluster(artifacts.manifests);
  const mounted = new Map(
    cluster.workloads
      .flatMap((workload) => cluster.proxiesOf(workload))
      .map(({ config, text, above }) => [`${config.file}:${above}`, new HaproxyConfig(config.file, text, above + 1)]),
  );
  const files = [
    ...artifacts.haproxy.map((config) => new ProxyFile(config, false)),
    ...[...mounted.values()].map((config) => new ProxyFile(config, true)),
  ];
  read.set(artifacts, files);
  return files;
}

/** A check of every haproxy.cfg by itself, or against the other files. */
export const proxyCheck = (
  id: string,
  holds: string,
  run: (file: ProxyFile, artifacts: Artifacts) => readonly Found[],
): Check => ({ id, holds, run: (artifacts) => proxyFiles(artifacts).flatMap((file) => run(file, artifacts)) });

/** As people call it: `backend influxdb`. */
export const title = ({ front, back, name }: HaproxyProxy): string =>
  `${front && back ? 'listen' : front ? 'frontend' : 'backend'} ${name}`;
