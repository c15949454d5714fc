import { type Alert, CATEGORIES, labelsOf, type RecordingRule } from '../../alerts/alert.js';
import type { RuleSet } from '../../alerts/alerts.js';
import { showDuration } from '../../file/units.js';

/** Rules as Prometheus reads them. */
interface AlertingRule {
  alert: string;
  expr: string;
  for: string;
  keep_firing_for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface RuleFile {
  groups: Array<{ name: string; rules: Array<AlertingRule | RecordingRule> }>;
}

/** What is recorded first, then a group for each category. */
export function ruleFile({ name, recording, alerts }: RuleSet, runbook: string): RuleFile {
  const groups: RuleFile['groups'] = CATEGORIES.map((category) => ({
    name: groupName(name, category),
    rules: alerts.filter((alert) => alert.category === category).map((alert) => alertingRule(alert, runbook)),
  }));
  const recorded = { name: 'recording', rules: recording.map(({ record, expr }) => ({ record, expr })) };
  return { groups: [recorded, ...groups].filter(({ rules }) => rules.length > 0) };
}

/** `delivery` in delivery_alerts.yml, `delivery_objectives` in objectives.yml. */
const groupName = (file: string, category: string): string =>
  file.endsWith('_alerts') ? category : `${category}_${file}`;

function alertingRule(alert: Alert, runbook: string): AlertingRule {
  const { name, expr, forS, keepFiringForS } = alert;
  return {
    alert: name,
    expr,
    for: showDuration(forS),
    ...(keepFiringForS === undefined ? {} : { keep_firing_for: showDuration(keepFiringForS) }),
    labels: { ...labelsOf(alert) },
    annotations: annotationsOf(alert, runbook),
  };
}

export const annotationsOf = ({ name, summary, description }: Alert, runbook: string): Record<string, string> => ({
  summary,
  description,
  runbook_url: `${runbook}#${name.toLowerCase()}`,
});
