import { CATEGORIES } from '../../alerts/alert.js';
import { alertsOf, recordingRulesOf } from '../../alerts/alerts.js';
import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';
import { yamlText } from '../yaml-text.js';
import { alertmanagerConfig } from './alertmanager-config.js';
import { prometheusConfig, RULE_FILES } from './prometheus-config.js';
import { testsByStep } from './promtool-tests.js';
import { alertRules, recordingRules } from './rule-files.js';

/** prometheus.yml, its rules and their tests, and alertmanager.yml. */
export function renderMonitoring(plan: Plan): RenderedFile[] {
  const { runbook } = plan.stack.monitoring;
  const file = (path: string, value: unknown): RenderedFile => ({
    path: `prometheus/${path}`,
    text: yamlText([value]),
  });
  return [
    file('prometheus.yml', prometheusConfig(plan)),
    file(RULE_FILES[0], recordingRules(recordingRulesOf(plan))),
    file(RULE_FILES[1], alertRules(alertsOf(plan), runbook)),
    file('alertmanager.yml', alertmanagerConfig(plan)),
    ...testFiles(plan).map(([name, tests]) => file(`tests/${name}.yml`, tests)),
  ];
}

function testFiles(plan: Plan): Array<[name: string, tests: unknown]> {
  const scrapeS = plan.stack.monitoring.prometheus.scrapeInterval;
  const ground = {
    ruleFiles: RULE_FILES.map((path) => `../${path}`),
    runbook: plan.stack.monitoring.runbook,
    scrapeS,
  };
  const alerts = alertsOf(plan);
  return CATEGORIES.flatMap((category) =>
    [
      ...testsByStep(
        alerts.filter((alert) => alert.category === category),
        ground,
      ),
    ].map(([stepS, tests]): [string, unknown] => [
      stepS === scrapeS ? category : `${category}_${showDuration(stepS)}`,
      tests,
    ]),
  );
}
