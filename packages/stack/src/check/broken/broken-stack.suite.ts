import { readFileSync } from 'node:fs';
import { Emitted, type EmittedMetric } from '../../emitted/emitted.js';
import { emittedBy } from '../../emitted/emitted-by.js';
import { ownMetrics } from '../../emitted/metrics-catalog.js';
import { parseStack } from '../../file/parse.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { renderStack } from '../../render/render.js';
import type { RenderedFile } from '../../render/rendered-file.js';
import type { Artifacts } from '../artifacts.js';
import { artifactsOf } from '../artifacts-of.js';

const STACK_FILE = 'breakwater.stack.yaml';
const text = readFileSync(new URL(`../../../../../${STACK_FILE}`, import.meta.url), 'utf8');

const planOf = (stackFile: string): Plan =>
  planStack(parseStack(stackFile, STACK_FILE).stack, { targets: 'targets: []\n' });

const PLAN = planOf(text);
const EMITTED = emittedBy({ plan: PLAN, catalog: ownMetrics() });
const METRICS = EMITTED.names.flatMap((name) => EMITTED.metrics(name));

const MANIFESTS = 'k8s/telemetry-deployment.yaml';
/** In which file a team keeps which object, so that two of them can disagree across files. */
const BY_KIND: Readonly<Record<string, string>> = {
  HorizontalPodAutoscaler: 'k8s/autoscaling.yaml',
  PodDisruptionBudget: 'k8s/disruption.yaml',
  NetworkPolicy: 'k8s/network.yaml',
  Service: 'k8s/services.yaml',
};

function fileOf(object: string): string {
  const kind = /^kind: (.+)$/m.exec(object)?.[1] ?? '';
  const name = /^ {4}app\.kubernetes\.io\/name: (.+)$/m.exec(object)?.[1] ?? 'namespace';
  // A StatefulSet is wrong without its service.
  if (kind === 'Service' && name === 'influxdb') return 'k8s/influxdb.yaml';
  return BY_KIND[kind] ?? `k8s/${name}.yaml`;
}

/** What is rendered, the one file of manifests taken apart by subject. */
function layOut(files: readonly RenderedFile[]): Map<string, string> {
  const laid = new Map<string, string>();
  for (const { path, text: whole } of files) {
    if (path !== MANIFESTS) laid.set(path, whole);
    else {
      for (const object of whole.split(/^---\n/m)) {
        const before = laid.get(fileOf(object));
        laid.set(fileOf(object), before === undefined ? object : `${before}---\n${object}`);
      }
    }
  }
  return laid;
}

const RIGHT: ReadonlyMap<string, string> = layOut(renderStack(PLAN));

/** Parsed once for all who have the same text at the same path. */
const parsed = new Map<string, Artifacts>();

function parse(path: string, content: string): Artifacts {
  const key = `${path}\n${content}`;
  const known = parsed.get(key) ?? artifactsOf([{ path, text: content }], undefined, PLAN);
  parsed.set(key, known);
  return known;
}

/** The right stack, which an entry of the table breaks; its texts stay as they are but for that. */
export class BrokenStack {
  readonly #files = new Map(RIGHT);
  #plan: Plan | undefined = PLAN;
  #metrics: EmittedMetric[] | undefined;

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** The paths that are not what they were. */
  get changed(): readonly string[] {
    return this.paths.filter((path) => this.#files.get(path) !== RIGHT.get(path));
  }

  text(path: string): string {
    const found = this.#files.get(path);
    if (found === undefined) throw new Error(`there is no ${path}; there are ${this.paths.join(', ')}`);
    return found;
  }

  /** Replaces the first place, after the first `after` where it is given. */
  change(path: string, from: string, to: string, { after = '' } = {}): this {
    const whole = this.text(path);
    const begin = whole.indexOf(after);
    const at = begin < 0 ? -1 : whole.indexOf(from, begin);
    if (at < 0) throw new Error(`${path} has no ${JSON.stringify(from)}`);
    this.#files.set(path, whole.slice(0, at) + to + whole.slice(at + from.length));
    return this;
  }

  changeAll(path: string, from: string, to: string): this {
    const whole = this.text(path);
    if (!whole.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
    this.#files.set(path, whole.replaceAll(from, to));
    return this;
  }

  /** A user's files alone: no stack file, nothing of ours but what is emitted. */
  only(files: Readonly<Record<string, string>>): this {
    this.#files.clear();
    for (const [path, content] of Object.entries(files)) this.#files.set(path, content);
    this.#plan = undefined;
    return this;
  }

  /** A file more, or more at the end of one. */
  add(path: string, more: string): this {
    this.#files.set(path, (this.#files.get(path) ?? '') + more);
    return this;
  }

  remove(path: string): this {
    this.text(path);
    this.#files.delete(path);
    return this;
  }

  /** The stack file says something else, and everything is rendered anew. */
  generate(from: string, to: string): this {
    if (!text.includes(from)) throw new Error(`${STACK_FILE} has no ${from}`);
    const stackFile = text.replace(from, to);
    this.#files.set(STACK_FILE, stackFile);
    this.#plan = planOf(stackFile);
    for (const [path, content] of layOut(renderStack(this.#plan))) this.#files.set(path, content);
    return this;
  }

  /** The stack file says something else, and nothing was rendered since. */
  changeStack(from: string, to: string): this {
    if (!text.includes(from)) throw new Error(`${STACK_FILE} has no ${from}`);
    this.#plan = planOf(text.replace(from, to));
    return this;
  }

  /** What a release emits otherwise; undefined: no more. */
  emit(name: string, change: (metric: EmittedMetric) => EmittedMetric | undefined): this {
    const before = this.#metrics ?? METRICS;
    if (!before.some((metric) => metric.name === name)) throw new Error(`nothing emits ${name}`);
    this.#metrics = before.flatMap((metric) => (metric.name === name ? (change(metric) ?? []) : metric));
    return this;
  }

  artifacts(): Artifacts {
    const each = [...this.#files].map(([path, content]) => parse(path, content));
    const all = <Kind extends 'haproxy' | 'compose' | 'manifests' | 'prometheus'>(kind: Kind) =>
      each.flatMap((one): Artifacts[Kind][number][] => [...one[kind]]) as unknown as Artifacts[Kind];
    return {
      haproxy: all('haproxy'),
      compose: all('compose'),
      manifests: all('manifests'),
      prometheus: all('prometheus'),
      rules: each.flatMap(({ rules }) => rules),
      ruleTests: each.flatMap(({ ruleTests }) => ruleTests),
      alertmanager: each.flatMap(({ alertmanager }) => alertmanager),
      dashboards: each.flatMap(({ dashboards }) => dashboards),
      runbooks: new Map(each.flatMap(({ runbooks }) => [...runbooks])),
      scripts: new Map(each.flatMap(({ scripts }) => [...scripts])),
      emitted: this.#metrics === undefined ? EMITTED : new Emitted(this.#metrics),
      plan: this.#plan,
    };
  }

  /** One file of it by itself: no stack file, no list of metrics, nothing beside. */
  alone(path: string): Artifacts {
    return { ...parse(path, this.text(path)), plan: undefined };
  }
}
