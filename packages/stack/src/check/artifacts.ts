import type { Emitted } from '../emitted/emitted.js';
import type { HaproxyConfig } from '../haproxy/haproxy-config.js';
import type { Plan } from '../plan/plan.js';
import type { YamlSource } from '../source/yaml-source.js';

/** Files as they are on disk, ours or a user's: what a check needs and does not get, it says nothing about. */
export interface Artifacts {
  readonly haproxy: readonly HaproxyConfig[];
  readonly compose: readonly YamlSource[];
  readonly manifests: readonly YamlSource[];
  readonly prometheus: readonly YamlSource[];
  readonly rules: readonly YamlSource[];
  /** Tests of the rules for promtool. */
  readonly ruleTests: readonly YamlSource[];
  readonly alertmanager: readonly YamlSource[];
  /** Grafana's JSON. */
  readonly dashboards: readonly YamlSource[];
  /** Markdown by path. */
  readonly runbooks: ReadonlyMap<string, string>;
  /** Shell scripts by path, which start what has no configuration file of its own. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Every metric that is really emitted; undefined: nobody said which, so no name can be checked. */
  readonly emitted: Emitted | undefined;
  /** What the stack file says, where there is one. */
  readonly plan: Plan | undefined;
}

export const NO_ARTIFACTS: Artifacts = {
  haproxy: [],
  compose: [],
  manifests: [],
  prometheus: [],
  rules: [],
  ruleTests: [],
  alertmanager: [],
  dashboards: [],
  runbooks: new Map(),
  scripts: new Map(),
  emitted: undefined,
  plan: undefined,
};
