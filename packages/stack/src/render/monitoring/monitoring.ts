import { ruleSetsOf } from '../../alerts/alerts.js';
import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';
import { yamlText } from '../yaml-text.js';
import { alertmanagerConfig } from './alertmanager-config.js';
import { prometheusConfig } from './prometheus-config.js';
import { testsByStep } from './promtool-tests.js';
import { ruleFile } from './rule-files.js';

/** prometheus.yml, its rules and their tests, and alertmanager.yml. */
export function renderMonitoring(plan: Plan): RenderedFile[] {
  const { runbook, prometheus } = plan.stack.monitoring;
  const scrapeS = prometheus.scrapeInterval;
  const file = (path: string, value: unknown): RenderedFile => ({
    path: `prometheus/${path}`,
    text: yamlText([value]),
  });
  return [
    file('prometheus.yml', prometheusConfig(plan)),
    file('alertmanager.yml', alertmanagerConfig(plan)),
    ...ruleSetsOf(plan).flatMap((rules) => {
      const rendered = ruleFile(rules, runbook);
      const order = rendered.groups.map(({ name }) => name);
      const ground = { ruleFiles: [`../rules/${rules.name}.yml`], order, runbook, scrapeS };
      return [
        file(`rules/${rules.name}.yml`, rendered),
        ...[...testsByStep(rules.alerts, ground)].map(([stepS, tests]) =>
          file(`tests/${rules.name}${stepS === scrapeS ? '' : `_${showDuration(stepS)}`}.yml`, tests),
        ),
      ];
    }),
  ];
}
