import { describe, expect, it } from 'vitest';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { check, rule } from './check.suite.js';
import { metricsChecks } from './checks.js';

describe('rules', () => {
  it('names file, line, alert, what is wrong and what to write', () => {
    expect(check({ rules: rule('telemetry_collection_duration_seconds > 30') })).toEqual([
      'rules.yml:5: error: alert Late uses telemetry_collection_duration_seconds, the bare name of a histogram, which no series has; write telemetry_collection_duration_seconds_bucket, telemetry_collection_duration_seconds_sum or telemetry_collection_duration_seconds_count [metric-emitted]',
    ]);
  });

  it('counts the lines of a block', () => {
    const block = '|\n          fleet_members > 1\n          and on(instance)\n          fleet_memberz > 2';
    expect(check({ rules: rule(block) })).toEqual([
      'rules.yml:8: error: alert Late uses fleet_memberz, which nothing emits; did you mean fleet_members? [metric-emitted]',
    ]);
    expect(check({ rules: rule('>-\n          fleet_memberz > 1') })[0]).toMatch(/^rules\.yml:6: /);
  });

  it('tells of what is no PromQL, without knowing any metric', () => {
    expect(check({ rules: rule('rate(fleet_members_total[5m]') })[0]).toBe(
      'rules.yml:5: error: alert Late ends too early; close what is open, or end it before [promql]',
    );
  });

  it('finds labels in annotations and labels that the alert does not have', () => {
    const annotations =
      '        labels: {team: "{{ .Labels.probe }}"}\n        annotations:\n          summary: "{{ $labels.instance }} {{ $labels.backend }} {{ $value }}"\n          more: no {{ `braces` }} .Labels.nothing\n';
    expect(check({ rules: rule('sum by (instance) (delivery_lag_seconds) > 5', annotations) })).toEqual([
      'rules.yml:8: error: alert Late shows the label "backend" in annotation "summary", and what its expression brings does not have it; use one of instance [template-label]',
      'rules.yml:6: error: alert Late shows the label "probe" in label "team", and what its expression brings does not have it; use one of instance [template-label]',
    ]);
  });

  it('reads what annotations ask Prometheus for', () => {
    const annotations =
      '        annotations:\n          summary: \'{{ with query "sum(fleet_memberz)" }}{{ . }}{{ end }}\'\n';
    expect(check({ rules: rule('fleet_members > 5', annotations) })).toEqual([
      'rules.yml:7: error: alert Late, annotation "summary", uses fleet_memberz, which nothing emits; did you mean fleet_members? [metric-emitted]',
    ]);
  });

  const recorded = (use: string) => `groups:
  - name: g
    rules:
      - record: job:probes:rate5m
        expr: sum by (job) (rate(telemetry_probes_total[5m]))
        labels: {window: 5m}
      - record: job:late:rate
        expr: job:late:rate + 1
      - alert: Slow
        expr: ${use}
`;

  it.each([
    ['job:probes:rate5m > 5', []],
    ['job:late:rate > 5', []],
    ['rate(job:probes:rate5m[5m])', ['which is a rate already']],
    [
      'job:probes:rate5m{window="1h"} > 5',
      ['"window" of job:probes:rate5m (recorded in rules.yml:4) can only be "5m"'],
    ],
    ['sum by (instance) (job:probes:rate5m) > 5', ['groups by "instance"']],
    ['job:probes:rate1m > 5', ['which no recording rule makes; did you mean job:probes:rate5m?']],
    ['ALERTS{alertname="Slow"}', []],
    ['ALERTS{alertname="Fast"}', ['can only be "Slow"']],
  ])('knows what recording rules make: %s', (use, expected) => {
    const found = check({ rules: recorded(use) });
    expect(found).toHaveLength(expected.length);
    for (const [index, part] of expected.entries()) expect(found[index]).toContain(part);
  });

  it('reads PrometheusRule objects too', () => {
    const manifests = `kind: PrometheusRule\nspec:\n  groups:\n    - rules:\n        - {alert: A, expr: fleet_memberz > 1}\n`;
    expect(check({ manifests })).toEqual([
      'k8s.yaml:5: error: alert A uses fleet_memberz, which nothing emits; did you mean fleet_members? [metric-emitted]',
    ]);
  });
});

it('says nothing about names where nobody said what is emitted', () => {
  const artifacts = { ...NO_ARTIFACTS, rules: [new YamlSource('r.yml', rule('nothing_at_all > 1'))] };
  expect(metricsChecks.flatMap(({ run }) => run(artifacts))).toEqual([]);
});
