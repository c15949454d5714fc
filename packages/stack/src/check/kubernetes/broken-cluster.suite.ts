import { parseStack } from '../../file/parse.js';
import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { renderKubernetes } from '../../render/kubernetes/kubernetes.js';
import { yamlText } from '../../render/yaml-text.js';
import { YamlSource } from '../../source/yaml-source.js';
import { type Artifacts, NO_ARTIFACTS } from '../artifacts.js';
import { checkArtifacts } from '../checks.js';

const FILE = 'k.yaml';

// biome-ignore lint/suspicious/noExplicitAny: tests break objects in ways that no type allows
export type Loose = any;

/** The objects of a right cluster, which a test breaks. */
export class BrokenCluster {
  readonly plan: Plan;
  readonly objects: Loose[];

  constructor(collectors = '') {
    const text = `apiVersion: breakwater/v1\nkind: Stack\ncollectors:\n  targetCidrs: [10.0.0.0/8]\n${collectors}`;
    this.plan = planStack(parseStack(text, 'stack.yaml').stack, { targets: 'targets: []\n' });
    this.objects = renderKubernetes(this.plan)
      .flatMap((file) => new YamlSource(file.path, file.text).documents)
      .map(({ value }) => value);
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
    return checkArtifacts({ ...NO_ARTIFACTS, plan: this.plan, manifests: [source], ...others }).map(
      ({ check, file, line, message, fix }) =>
        `${check} @ ${file === FILE ? lines[line! - 1]?.trim() : `${file}:${line}`}: ${message}; ${fix}`,
    );
  }
}

export const proxyFile = (text: string): HaproxyConfig => new HaproxyConfig('haproxy.cfg', text);
