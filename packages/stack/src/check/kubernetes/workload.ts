import type { Path } from '../../source/yaml-source.js';
import { type Labels, labelsOf } from './labels.js';
import { asList, asRecord, asText, type Found, type Manifest, type Value } from './manifest.js';

/** Where each kind has the template of its pods; a Pod is one itself. */
const TEMPLATES: Readonly<Record<string, Path>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  Pod: [],
};

/** A container of a workload, and the path of it in the manifest. */
export interface ContainerAt {
  readonly value: Value;
  readonly path: Path;
  readonly name: string;
  /** What its environment states as it is, here or in a ConfigMap of the files. */
  readonly environment: ReadonlyMap<string, string>;
}

/** Finds a ConfigMap by name, in the namespace of a workload. */
export type FindConfig = (name: string, namespace: string) => Manifest | undefined;

/** Whatever makes pods. */
export class Workload {
  readonly manifest: Manifest;
  readonly labels: Labels;
  /** The path of the pods' metadata and spec. */
  readonly template: Path;
  readonly pod: Value;
  readonly containers: readonly ContainerAt[];

  private constructor(manifest: Manifest, template: Path, find: FindConfig) {
    this.manifest = manifest;
    this.template = template;
    this.labels = labelsOf(manifest.at(...template, 'metadata', 'labels'));
    this.pod = manifest.record(...template, 'spec');
    this.containers = asList(this.pod['containers']).map((value, index) => ({
      value,
      path: [...template, 'spec', 'containers', index],
      name: String(value['name']),
      environment: environmentOf(value, (name) => find(name, manifest.namespace)?.record('data') ?? {}),
    }));
  }

  /** Undefined for what makes no pods. */
  static of(manifest: Manifest, find: FindConfig): Workload | undefined {
    const template = TEMPLATES[manifest.kind];
    return template === undefined ? undefined : new Workload(manifest, template, find);
  }

  get title(): string {
    return this.manifest.title;
  }

  get namespace(): string {
    return this.manifest.namespace;
  }

  /** A path in the pods' spec, as one in the manifest. */
  inPod(...path: Path): Path {
    return [...this.template, 'spec', ...path];
  }

  annotations(): Labels {
    return labelsOf(this.manifest.at(...this.template, 'metadata', 'annotations'));
  }

  /** The port that a number or a name means, if a container has it. */
  port(wanted: unknown): number | undefined {
    const ports = this.containers.flatMap(({ value }) => asList(value['ports']));
    const found = ports.find(({ name, containerPort }) => name === wanted || containerPort === wanted);
    return found === undefined ? undefined : Number(found['containerPort']);
  }

  get portNames(): string[] {
    return this.containers
      .flatMap(({ value }) => asList(value['ports']))
      .map(({ name, containerPort }) => (name === undefined ? String(containerPort) : `${name} (${containerPort})`));
  }

  found(path: Path, message: string, fix: string, severity?: Found['severity']): Found {
    return this.manifest.found(path, message, fix, severity);
  }
}

/** `env` wins over `envFrom`, as in Kubernetes. */
function environmentOf(container: Value, dataOf: (config: string) => Value): ReadonlyMap<string, string> {
  const whole = asList(container['envFrom']).flatMap(({ configMapRef, prefix = '' }) =>
    Object.entries(dataOf(String(asRecord(configMapRef)['name']))).map(
      ([name, text]) => [`${String(prefix)}${name}`, asText(text)] as const,
    ),
  );
  const single = asList(container['env']).map(({ name, value, valueFrom }) => {
    const { name: config, key } = asRecord(asRecord(valueFrom)['configMapKeyRef']);
    return [String(name), asText(value) ?? asText(dataOf(String(config))[String(key)])] as const;
  });
  return new Map([...whole, ...single].flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
}

/** The index of a variable in a container's `env`, for its line. */
export const variableAt = ({ value, path }: ContainerAt, name: string): Path => {
  const index = asList(value['env']).findIndex((variable) => variable['name'] === name);
  return index < 0 ? path : [...path, 'env', index, 'value'];
};

export const resourcesOf = ({ value }: ContainerAt, of: 'requests' | 'limits'): Value =>
  asRecord(asRecord(value['resources'])[of]);
