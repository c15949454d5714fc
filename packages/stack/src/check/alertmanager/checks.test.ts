import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { renderMonitoring } from '../../render/monitoring/monitoring.js';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { artifactsOf } from '../artifacts-of.js';
import { alertmanagerChecks } from './checks.js';

const RULES = `groups:
  - name: a
    rules:
      - { alert: CollectorDown, expr: up == 0, labels: { severity: critical, subject: a } }
      - { alert: LaneHeld, expr: up == 0, labels: { severity: warning } }
`;
const RIGHT = `route:
  receiver: nobody
  routes:
    - { receiver: on-call, matchers: ['severity="critical"'] }
    - { receiver: nobody, matchers: ['severity=~"warning|info"'] }
inhibit_rules:
  - source_matchers: ['alertname="CollectorDown"']
    target_matchers: ['severity="warning"']
    equal: [instance]
receivers:
  - name: nobody
  - name: on-call
    pagerduty_configs: [{ routing_key_file: /run/secrets/pagerduty }]
`;

function found(from: string, to: string, prometheus = '') {
  expect(RIGHT).toContain(from);
  const artifacts = {
    ...NO_ARTIFACTS,
    rules: [new YamlSource('rules.yml', RULES)],
    prometheus: [new YamlSource('prometheus.yml', prometheus)],
    alertmanager: [new YamlSource('alertmanager.yml', RIGHT.replace(from, to))],
  };
  return alertmanagerChecks.flatMap(({ id, run }) =>
    run(artifacts).map((one) => ({ at: `${id}:${one.line}`, ...one })),
  );
}

describe('the checks of Alertmanager', () => {
  it('find nothing in what is right', () => {
    expect(found('nobody', 'nobody')).toEqual([]);
  });

  it('find nothing in what is rendered', { timeout: 180_000 }, () => {
    const stack = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
    const plan = planStack(parseStack(stack, 'stack.yaml').stack);
    const artifacts = artifactsOf(
      renderMonitoring(plan).filter(({ path }) => !path.includes('/tests/')),
      undefined,
      plan,
    );
    expect(artifacts.alertmanager).toHaveLength(1);
    expect(alertmanagerChecks.flatMap(({ run }) => run(artifacts))).toEqual([]);
  });

  it.each([
    ['receiver: on-call', 'receiver: oncall', 'receiver:4', 'the receiver "oncall" of a route does not exist'],
    ['severity="critical"', 'severity="page"', 'route-severity:3', 'no route catches severity "critical"'],
    [
      'routing_key_file: /run/secrets/pagerduty',
      'routing_key: abc',
      'alertmanager-secret:13',
      'routing_key stands in the file',
    ],
    [
      'alertname="CollectorDown"',
      'alertname="CollectorGone"',
      'inhibition:7',
      'no alert has alertname="CollectorGone"',
    ],
    [
      'target_matchers: [\'severity="warning"\']',
      'target_matchers: [\'level="warning"\']',
      'inhibition:8',
      'no alert has the label "level"',
    ],
    ['equal: [instance]', 'equal: [host]', 'inhibition:9', 'everything of the target is silenced'],
  ])('%j → %j', (from, to, at, message) => {
    expect(found(from, to)).toEqual([expect.objectContaining({ at, message: expect.stringContaining(message) })]);
  });

  it('finds the API that Alertmanager has no more', () => {
    const prometheus = 'alerting:\n  alertmanagers:\n    - api_version: v1\n      static_configs: []\n';
    expect(found('nobody', 'nobody', prometheus)).toEqual([
      expect.objectContaining({ at: 'alertmanager-api:3', message: expect.stringContaining('/api/v1') }),
    ]);
  });
});
