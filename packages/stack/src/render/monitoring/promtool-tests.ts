import { type Alert, labelsOf } from '../../alerts/alert.js';
import type { Case, Expected } from '../../alerts/case.js';
import { notationOf } from '../../alerts/course.js';
import { showDuration } from '../../file/units.js';
import { annotationsOf } from './rule-files.js';

/** What promtool reads: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
export interface PromtoolTests {
  rule_files: string[];
  group_eval_order: string[];
  evaluation_interval: string;
  tests: PromtoolTest[];
}

interface PromtoolTest {
  name: string;
  interval: string;
  input_series: Array<{ series: string; values: string }>;
  alert_rule_test: Array<{
    alertname: string;
    eval_time: string;
    exp_alerts: Array<{ exp_labels: Record<string, string>; exp_annotations: Record<string, string> }>;
  }>;
}

export interface TestGround {
  readonly ruleFiles: readonly string[];
  /** What is recorded comes before what is made of it. */
  readonly order: readonly string[];
  readonly runbook: string;
  readonly scrapeS: number;
}

/** How often rules are evaluated holds for a whole file, so cases with coarser steps get files of their own. */
export function testsByStep(alerts: readonly Alert[], ground: TestGround): Map<number, PromtoolTests> {
  const files = new Map<number, PromtoolTests>();
  for (const alert of alerts) {
    for (const one of alert.cases) {
      const stepS = one.stepS ?? ground.scrapeS;
      const file = files.get(stepS) ?? {
        rule_files: [...ground.ruleFiles],
        group_eval_order: [...ground.order],
        evaluation_interval: showDuration(stepS),
        tests: [],
      };
      file.tests.push(promtoolTest(alert, one, stepS, ground.runbook));
      files.set(stepS, file);
    }
  }
  return files;
}

function promtoolTest(alert: Alert, one: Case, stepS: number, runbook: string): PromtoolTest {
  return {
    name: `${alert.name} ${one.verdict}: ${one.when}`,
    interval: showDuration(stepS),
    input_series: Object.entries(one.series).map(([series, course]) => ({
      series,
      values: notationOf(course, stepS, one.atS),
    })),
    alert_rule_test: [
      {
        alertname: alert.name,
        eval_time: showDuration(one.atS),
        exp_alerts: one.expected.map((expected) => firing(alert, expected, runbook)),
      },
    ],
  };
}

function firing(alert: Alert, expected: Expected, runbook: string) {
  const fill = (text: string) => fillTemplate(text, expected);
  const filled = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)]));
  return {
    exp_labels: { ...expected.labels, ...filled(labelsOf(alert)) },
    exp_annotations: filled(annotationsOf(alert, runbook)),
  };
}

/** What Prometheus makes of the templates that alerts may use. */
function fillTemplate(text: string, { labels, shown }: Expected): string {
  return text.replace(/\{\{ (?:\$labels\.(\w+)|\$value \| \w+) \}\}/g, (_, label: string | undefined) =>
    label === undefined ? (shown ?? '') : (labels[label] ?? ''),
  );
}
