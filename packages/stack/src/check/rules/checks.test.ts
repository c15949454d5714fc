import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { renderMonitoring } from '../../render/monitoring/monitoring.js';
import { renderRunbook } from '../../render/monitoring/runbook.js';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { artifactsOf } from '../artifacts-of.js';
import { rulesChecks } from './checks.js';

const STACK = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
const plan = planStack(parseStack(STACK, 'stack.yaml').stack);

const RIGHT = `groups:
  - name: a
    rules:
      - alert: CollectorsAtMaximum
        expr: count(up{job="network-telemetry"} == 1) >= 20
        for: 15m
        labels: { severity: warning }
        annotations: { summary: s, description: d, runbook_url: docs/runbook.md#collectorsatmaximum }
      - record: x:rate5m
        expr: rate(x_total[5m])
`;
const TESTS = 'tests:\n  - alert_rule_test: [{ alertname: CollectorsAtMaximum, eval_time: 20m }]\n';
const RUNBOOK = '# Runbook\n\n## CollectorsAtMaximum\n';

/** What the checks find, as `check:line`, once something in the right files is replaced by something else. */
function found(from: string, to: string, { tests = TESTS, runbook = RUNBOOK } = {}) {
  expect(RIGHT).toContain(from);
  const artifacts = {
    ...NO_ARTIFACTS,
    plan,
    rules: [new YamlSource('prometheus/rules/a.yml', RIGHT.replace(from, to))],
    ruleTests: [new YamlSource('prometheus/tests/a.yml', tests)],
    runbooks: new Map([['docs/runbook.md', runbook]]),
  };
  return rulesChecks.flatMap(({ id, run }) => run(artifacts).map((one) => ({ at: `${id}:${one.line}`, ...one })));
}

describe('the checks of rules', () => {
  it('find nothing in what is right', () => {
    expect(found('for: 15m', 'for: 15m')).toEqual([]);
  });

  it('find nothing in what is rendered', { timeout: 180_000 }, () => {
    const artifacts = artifactsOf([...renderMonitoring(plan), ...renderRunbook(plan)], undefined, plan);
    expect(artifacts.rules.length).toBeGreaterThan(0);
    expect(rulesChecks.flatMap(({ run }) => run(artifacts))).toEqual([]);
  });

  it.each([
    ['        for: 15m\n', '', 'alert-complete:4', 'has no "for": a single sample'],
    [
      '>= 20\n        for: 15m\n',
      '>= 20\n        for: 15s\n',
      'alert-for:6',
      'for: 15s, and Prometheus scrapes every 15 s',
    ],
    [
      'count(up{job="network-telemetry"} == 1) >= 20\n        for: 15m\n',
      'increase(x_total[5m]) > 0\n',
      'alert-complete:4',
      'one event is one message',
    ],
    [
      'count(up{job="network-telemetry"} == 1) >= 20\n        for: 15m\n',
      'absent(up{job="a"})\n',
      'alert-complete:4',
      'a single failed scrape makes a series absent',
    ],
    ['[5m]', '[30s]', 'rate-window:10', 'x:rate5m: rate over [30s]'],
    ['severity: warning', 'team: a', 'alert-complete:4', 'no label "severity"'],
    ['summary: s, ', '', 'alert-complete:4', 'no annotation summary'],
    ['#collectorsatmaximum', '#collectorsatmaximun', 'runbook-anchor:8', 'no such heading'],
    ['>= 20', '>= 10', 'alert-maximum:5', 'takes 10 for the most collectors there may be, and collectors.max is 20'],
    [
      '      - record: x:rate5m\n        expr: rate(x_total[5m])\n',
      RIGHT.split('\n').slice(3, 8).join('\n'),
      'alert-name:9',
      'is defined at prometheus/rules/a.yml:4 too',
    ],
  ])('%j → %j', (from, to, at, message) => {
    expect(found(from, to)).toEqual([expect.objectContaining({ at, message: expect.stringContaining(message) })]);
  });

  it('finds an alert that has no test, where there are tests', () => {
    const tests = TESTS.replace('CollectorsAtMaximum', 'Another');
    expect(found('15m', '15m', { tests })).toEqual([
      expect.objectContaining({ at: 'alert-test:4', message: 'alert CollectorsAtMaximum has no promtool test' }),
    ]);
  });

  it('tells of an alert once, whatever it lacks', () => {
    const rest = RIGHT.slice(RIGHT.indexOf('        for: 15m'), RIGHT.indexOf('      - record'));
    expect(found(rest, '')).toEqual([
      expect.objectContaining({
        at: 'alert-complete:4',
        message:
          'alert CollectorsAtMaximum has no "for": a single sample is enough to wake somebody; no label "severity": no route can choose by it; no annotation summary, description, runbook_url',
        fix: 'add for: 60s; labels: { severity: warning }; summary, description, runbook_url under annotations',
      }),
    ]);
  });

  it('says which heading was meant', () => {
    expect(found('15m', '15m', { runbook: '## CollectorsAtMaximun' })[0]?.fix).toBe(
      'did you mean #collectorsatmaximun?',
    );
  });
});
