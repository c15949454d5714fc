import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { stringify } from 'yaml';
import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import { metaOf } from './meta.js';

/** Slots for targets that turns took up on average: it falls as pods are added, since they share the targets. */
export const BUSY_METRIC = 'telemetry_collection_busy';
const SERIES = 'telemetry_collection_duration_seconds_sum';

/** Rules for prometheus-adapter, in the namespace that it runs in: `--set rules.existing=telemetry-adapter-rules` of its chart. */
export function adapterRules(plan: Plan): ConfigMap {
  const { labels } = metaOf(plan, '');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'telemetry-adapter-rules',
      namespace: plan.stack.kubernetes.monitoringNamespace,
      labels: labels!,
    },
    data: { 'config.yaml': stringify({ rules: [busyRule(plan)] }, { lineWidth: 0 }) },
  };
}

/** Seconds spent in turns, a second: by Little's law the turns that ran at once, on average. */
function busyRule(plan: Plan) {
  const { namespace } = plan.stack.kubernetes;
  return {
    seriesQuery: `${SERIES}{namespace="${namespace}",pod!=""}`,
    resources: { overrides: { namespace: { resource: 'namespace' }, pod: { resource: 'pod' } } },
    name: { matches: `^${SERIES}$`, as: BUSY_METRIC },
    metricsQuery: `sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[${showDuration(plan.collectors.busyWindowS)}]))`,
  };
}
