import { describe, expect, it } from 'vitest';
import { check, rule } from './check.suite.js';

describe('scraping', () => {
  const own = (more: string) => `scrape_configs:\n  - job_name: network-telemetry\n${more}`;
  const targets =
    '    static_configs: [{targets: ["a:1"], labels: {site: fra1}}, {targets: ["b:1"], labels: {site: muc1}}]\n';

  it.each([
    ['up{job="network-telemetry"} == 0', targets, undefined],
    ['up{job="telemetry"} == 0', targets, '"job" of up (Prometheus) can only be "network-telemetry"'],
    ['fleet_members{site="fra1"} < 3', targets, undefined],
    ['fleet_members{site="ber1"} < 3', targets, 'can only be "fra1", "muc1"'],
    ['sum by (namespace) (fleet_members) < 3', targets, 'groups by "namespace"'],
    [
      'sum by (namespace) (fleet_members) < 3',
      '    kubernetes_sd_configs: [{role: pod}]\n    relabel_configs: [{source_labels: [__meta_kubernetes_namespace], target_label: namespace}]\n',
      undefined,
    ],
    [
      'sum by (app) (fleet_members) < 3',
      '    kubernetes_sd_configs: [{role: pod}]\n    relabel_configs: [{action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}]\n',
      undefined,
    ],
    ['sum by (rack) (fleet_members) < 3', '    file_sd_configs: [{files: [x.json]}]\n', undefined],
    [
      'sum by (shard) (fleet_members) < 3',
      '    static_configs: [{targets: [a]}]\n    relabel_configs: [{target_label: shard, replacement: one}]\n',
      undefined,
    ],
    [
      'fleet_members{shard="two"} < 3',
      '    static_configs: [{targets: [a]}]\n    relabel_configs: [{target_label: shard, replacement: one}]\n',
      'can only be "one"',
    ],
    [
      'fleet_members < 3',
      '    metric_relabel_configs: [{source_labels: [__name__], regex: "fleet_.*", action: drop}]\n',
      'nothing emits',
    ],
    [
      'fleet_members < 3',
      '    metric_relabel_configs: [{source_labels: [__name__], regex: "telemetry_.*", action: keep}]\n',
      'nothing emits',
    ],
    [
      'rate(telemetry_probes_total{probe="snmp"}[5m])',
      '    metric_relabel_configs: [{regex: probe, action: labeldrop}]\n',
      'has no label "probe"',
    ],
    [
      'rate(telemetry_probes_total{exported_probe="snmp"}[5m])',
      '    static_configs: [{targets: [a], labels: {probe: x}}]\n',
      undefined,
    ],
    [
      'rate(telemetry_probes_total{probe="snmp"}[5m])',
      '    static_configs: [{targets: [a], labels: {probe: x}}]\n    honor_labels: true\n',
      undefined,
    ],
  ])('%s, %s', (expr, more, expected) => {
    const found = check({ rules: rule(expr), prometheus: own(more) });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });
});

it('knows several jobs', () => {
  const prometheus = 'scrape_configs: [{job_name: a}, {job_name: b}]';
  expect(check({ rules: rule('up{job=~"a|b"} == 0'), prometheus })).toEqual([]);
  expect(check({ rules: rule('up{job=~"a|c"} == 0'), prometheus }).join()).toContain('"a", "b"; leave "c" out');
  expect(check({ rules: rule('up{job="c"} == 0'), prometheus }).join()).toContain('can only be "a", "b"; write one');
});

describe('a saved page', () => {
  const page =
    '# TYPE http_requests_total counter\nhttp_requests_total{code="200",path="/"} 5\nhttp_requests_total{code="404"} 1\n';

  it.each([
    ['rate(http_requests_total{code="200"}[5m])', undefined],
    [
      'rate(http_requests_total{code="500"}[5m])',
      'warning: alert Late asks for code="500", and "code" of http_requests_total (page.txt) was seen with "200", "404"',
    ],
    ['rate(http_requests_total{status="500"}[5m])', 'error: alert Late asks for status="500"'],
    ['http_requests_total > 5', 'error: alert Late compares'],
  ])('%s', (expr, expected) => {
    const found = check({ rules: rule(expr), page });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });
});
