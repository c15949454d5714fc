import type { Finding } from '../finding.js';
import { alertmanagerChecks } from './alertmanager/checks.js';
import type { Artifacts } from './artifacts.js';
import type { Check } from './check.js';
import { composeChecks } from './compose/checks.js';
import { haproxyChecks } from './haproxy/checks.js';
import { otherKinds } from './kind.js';
import { kubernetesChecks } from './kubernetes/checks.js';
import { metricsChecks } from './metrics/checks.js';
import { redisChecks } from './redis/checks.js';
import { rulesChecks } from './rules/checks.js';

/** Every check, by subject. */
export const CHECKS: readonly Check[] = [
  ...haproxyChecks,
  ...composeChecks,
  ...kubernetesChecks,
  ...redisChecks,
  ...metricsChecks,
  ...rulesChecks,
  ...alertmanagerChecks,
];

/** What would not work together, by file and line. */
export function checkArtifacts(artifacts: Artifacts): Finding[] {
  const syntax = [
    ...artifacts.compose,
    ...artifacts.manifests,
    ...artifacts.prometheus,
    ...artifacts.rules,
    ...artifacts.alertmanager,
    ...artifacts.dashboards,
  ].flatMap(({ problems }) => problems);
  const found = CHECKS.flatMap(({ id, run }) => run(artifacts).map((finding) => ({ check: id, ...finding })));
  return [...syntax, ...otherKinds(artifacts), ...found].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || (a.line ?? 0) - (b.line ?? 0),
  );
}
