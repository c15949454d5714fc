import type { Emitted } from '../emitted/emitted.js';
import { HaproxyConfig } from '../haproxy/haproxy-config.js';
import type { Plan } from '../plan/plan.js';
import type { RenderedFile } from '../render/rendered-file.js';
import { YamlSource } from '../source/yaml-source.js';
import type { Artifacts } from './artifacts.js';

/** What kind of file lies at which path of a stack. */
const KINDS = {
  haproxy: /\.cfg$/,
  compose: /^docker-compose[\w.-]*\.ya?ml$/,
  manifests: /^k8s\/.*\.ya?ml$/,
  prometheus: /^prometheus\/prometheus\.ya?ml$/,
  rules: /^prometheus\/rules\/.*\.ya?ml$/,
  ruleTests: /^prometheus\/tests\/.*\.ya?ml$/,
  alertmanager: /^prometheus\/alertmanager\.ya?ml$/,
  dashboards: /^grafana\/.*\.json$/,
  runbooks: /\.md$/,
  scripts: /\.sh$/,
} as const satisfies Record<Exclude<keyof Artifacts, 'emitted' | 'plan'>, RegExp>;

/** The files of a stack as they are on disk, each read as what its path says it is. */
export function artifactsOf(files: readonly RenderedFile[], emitted: Emitted | undefined, plan: Plan): Artifacts {
  const of = (kind: keyof typeof KINDS) => files.filter(({ path }) => KINDS[kind].test(path));
  const yaml = (kind: keyof typeof KINDS) => of(kind).map(({ path, text }) => new YamlSource(path, text));
  return {
    haproxy: of('haproxy').map(({ path, text }) => new HaproxyConfig(path, text)),
    compose: yaml('compose'),
    manifests: yaml('manifests'),
    prometheus: yaml('prometheus'),
    rules: yaml('rules'),
    ruleTests: yaml('ruleTests'),
    alertmanager: yaml('alertmanager'),
    dashboards: yaml('dashboards'),
    runbooks: new Map(of('runbooks').map(({ path, text }) => [path, text])),
    scripts: new Map(of('scripts').map(({ path, text }) => [path, text])),
    emitted,
    plan,
  };
}
