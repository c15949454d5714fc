import { parseStack } from '../../file/parse.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { renderKubernetes } from '../../render/kubernetes/kubernetes.js';
import { yamlText } from '../../render/yaml-text.js';
import { YamlSource } from '../../source/yaml-source.js';
import { type Artifacts, NO_ARTIFACTS } from '../artifacts.js';
import { kubernetesChecks } from './checks.js';

const FILE = 'k.yaml';

// biome-ignore lint/suspicious/noExplicitAny: tests break objects in ways that no type allows
export type Loose = any;

const renderings = new Map<string, { readonly plan: Plan; readonly objects: Loose[] }>();

/** Rendered once for all tests of a file. */
function rendered(collectors: string): { readonly plan: Plan; readonly objects: Loose[] } {
  const known = renderings.get(collectors);
  if (known !== undefined) return known;
  const text = `apiVersion: breakwater/v1\nkind: Stack\ncollectors:\n  targetCidrs: [10.0.0.0/8]\n${collectors}`;
  const plan = planStack(parseStack(text, 'stack.yaml').stack, { targets: 'targets: []\n' });
  const objects = renderKubernetes(plan)
    .flatMap((file) => new YamlSource(file.path, file.text).documents)
    .map(({ value }) => value);
  renderings.set(collectors, { plan, objects });
  return { plan, objects };
}

// While the file is loaded, not in the time of its first test.
rendered('');

/** The objects of a right cluster, which a test breaks. */
export class BrokenCluster {
  readonly plan: Plan;
  readonly objects: Loose[];

  constructor(collectors = '') {
    const { plan, objects } = rendered(collectors);
    this.plan = plan;
    this.objects = structuredClone(objects);
  }

  get(kind: string, name: string): Loose {
    const found = this.objects.find((object) => object.kind === kind && object.metadata?.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    return found;
  }

  remove(kind: string, name: string): void {
    this.objects.splice(this.objects.indexOf(this.get(kind, name)), 1);
  }

  add(object: Loose): void {
    this.objects.push(object);
  }

  /** `check @ the line that it names: message; fix` */
  findings(others: Partial<Artifacts> = {}): string[] {
    const source = new YamlSource(FILE, yamlText(this.objects));
    const lines = source.text.split('\n');
    const artifacts = { ...NO_ARTIFACTS, plan: this.plan, manifests: [source], ...others };
    return kubernetesChecks.flatMap(({ id, run }) =>
      run(artifacts).map(({ file, line, message, fix }) => {
        const place = file === FILE ? lines[line! - 1]?.trim() : `${file}:${line}`;
        // Where the other of two stands moves with whatever is rendered above it.
        return `${id} @ ${place}: ${message}; ${fix}`.replaceAll(/k\.yaml:\d+/g, FILE);
      }),
    );
  }
}

export const NAME = 'network-telemetry';
export const HPA = 'network-telemetry-hpa';

export const pod = (cluster: BrokenCluster, name = NAME): Loose => cluster.get('Deployment', name).spec.template.spec;

export const container = (cluster: BrokenCluster, name = NAME): Loose => pod(cluster, name).containers[0];

export const variable = (cluster: BrokenCluster, name: string): Loose =>
  container(cluster).env.find((entry: Loose) => entry.name === name);
