import { describe, expect, it } from 'vitest';
import { check } from './check.suite.js';

describe('dashboards', () => {
  const panel = (target: object, more: object = {}) => ({
    title: 'Fleet',
    panels: [{ title: 'Rows', panels: [{ title: 'CPU', targets: [target], ...more }] }],
  });

  it.each([
    [
      { expr: `rate(telemetry_probes_total{instance=~"$instance", probe=~"\${probe:regex}"}[$__rate_interval])` },
      undefined,
    ],
    [
      { expr: `sum by ($by) (rate(telemetry_probes_total[\${__interval}])) * $__interval_ms / 1000 > $limit` },
      undefined,
    ],
    [{ expr: 'rate(telemetry_probes_total[[[window]]])' }, undefined],
    [{ expr: 'sum by (probe) (rate(telemetry_probes_total[5m] offset $shift))', legendFormat: '{{probe}}' }, undefined],
    [{ expr: '$metric{job="x"}' }, undefined],
    [{ expr: '' }, undefined],
    [{ expr: 'nonsense(', datasource: { type: 'loki' } }, undefined],
    [
      { expr: 'sum(rate(telemetry_probes_total[5m]))', legendFormat: '{{ probe }}' },
      'shows the label "probe" in legend',
    ],
    [
      { expr: 'rate(telemetry_probe_total[$__rate_interval])' },
      'dashboard "Fleet", panel "CPU", uses telemetry_probe_total',
    ],
    [{ expr: 'rate(telemetry_probes_total{prob=~"$probe"}[5m])' }, 'has no label "prob"; did you mean "probe"?'],
    [{ expr: 'rate(fleet_members[$__rate_interval])' }, 'which is a gauge'],
  ])('%j', (target, expected) => {
    const found = check({ dashboard: panel(target) });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });

  it.each([
    ['label_values(telemetry_probes_total, probe)', undefined],
    ['label_values(probe)', undefined],
    ['label_values(telemetry_probes_total{probe="$x"}, target)', 'shows the label "target" in label_values()'],
    ['label_values(telemetry_probe_total, probe)', 'variable "v" uses telemetry_probe_total'],
    ['query_result(max(fleet_memberz))', 'variable "v" uses fleet_memberz'],
    [{ query: 'label_values(fleet_memberz, instance)', refId: 'A' }, 'variable "v" uses fleet_memberz'],
  ])('variables: %j', (query, expected) => {
    const found = check({ dashboard: { title: 'T', templating: { list: [{ type: 'query', name: 'v', query }] } } });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });

  it('reads annotations', () => {
    const list = [{ name: 'Starts', expr: 'changes(proces_start_time_seconds[1m])' }];
    expect(check({ dashboard: { title: 'T', annotations: { list } } }).join()).toContain('annotation "Starts" uses');
  });
});
