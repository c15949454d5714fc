import type { Plan } from '../plan/plan.js';
import { renderCompose } from './compose/compose.js';
import { renderGrafana } from './grafana/grafana.js';
import { renderHaproxy } from './haproxy/haproxy.js';
import { renderKubernetes } from './kubernetes/kubernetes.js';
import { renderMonitoring } from './monitoring/monitoring.js';
import { renderRunbook } from './monitoring/runbook.js';
import type { RenderedFile } from './rendered-file.js';

/** Everything that a stack file is rendered into, in the order of the paths. */
export function renderStack(plan: Plan): RenderedFile[] {
  return [
    ...renderHaproxy(plan),
    ...renderCompose(plan),
    ...renderKubernetes(plan),
    ...renderMonitoring(plan),
    ...renderRunbook(plan),
    ...renderGrafana(plan),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}
