import { describe, expect, it } from 'vitest';
import { check } from './check.suite.js';

const hpa = (name: string, type = 'Pods', more = '') => `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  metrics:
    - type: ${type}
      ${type.toLowerCase()}:
        metric: {name: ${name}${more}}
        target: {type: AverageValue, averageValue: "30"}
`;

const SERIES = 'telemetry_collection_duration_seconds_sum';
const RULE = {
  seriesQuery: `${SERIES}{namespace!="",pod!=""}`,
  overrides: '{namespace: {resource: namespace}, pod: {resource: pod}}',
  name: `{matches: "^${SERIES}$", as: telemetry_collection_busy}`,
  query: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)',
  list: 'rules',
};

function adapter(change: Partial<typeof RULE> = {}): string {
  const { seriesQuery, overrides, name, query, list } = { ...RULE, ...change };
  return `---
kind: ConfigMap
metadata: {name: adapter}
data:
  config.yaml: |
    ${list}:
      - seriesQuery: '${seriesQuery}'
        resources: {overrides: ${overrides}}
        name: ${name}
        metricsQuery: >-
          ${query}
`;
}

describe('autoscalers', () => {
  it.each([
    ['the rule makes it', hpa('telemetry_collection_busy') + adapter(), undefined],
    [
      'the bare histogram of seed 003',
      hpa('telemetry_collection_duration_seconds'),
      'k8s.yaml:8: error: HPA web scales on the Pods metric telemetry_collection_duration_seconds, the bare name of a histogram, which no series has; write telemetry_collection_duration_seconds_bucket',
    ],
    [
      'the same beside a rule',
      hpa('telemetry_collection_duration_seconds') + adapter(),
      'no rule of prometheus-adapter makes it (the bare name of a histogram)',
    ],
    [
      'no rule in the files',
      hpa('fleet_owned'),
      'warning: HPA web scales on the Pods metric fleet_owned, and no rule of prometheus-adapter in these files makes it',
    ],
    ['another name', hpa('telemetry_collection_bussy') + adapter(), 'did you mean telemetry_collection_busy?'],
    [
      'a rule for external metrics',
      hpa('telemetry_collection_busy') + adapter({ list: 'externalRules' }),
      'put its rule under rules',
    ],
    [
      'an external metric',
      hpa('telemetry_collection_busy', 'External') + adapter({ list: 'externalRules' }),
      undefined,
    ],
    [
      'a selector that works',
      hpa('telemetry_collection_busy', 'Pods', ', selector: {matchLabels: {probe: snmp}}') + adapter(),
      undefined,
    ],
    [
      'a selector by a label that is not there',
      hpa('telemetry_collection_busy', 'Pods', ', selector: {matchLabels: {prob: snmp}}') + adapter(),
      'with the label "prob"',
    ],
    [
      'no capture needed',
      hpa('telemetry_turns_busy') +
        adapter({ name: `{matches: "^(.*)_collection_duration_seconds_sum$", as: "\${1}_turns_busy"}` }),
      undefined,
    ],
    ['the name as it is', hpa(SERIES) + adapter({ name: '{}' }), undefined],
  ])('%s', (_name, manifests, expected) => {
    const found = check({ manifests });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });

  it.each<readonly [string, Partial<typeof RULE>, string | undefined]>([
    [
      'a series that nobody has',
      { seriesQuery: 'telemetry_collection_duration_seconds{pod!=""}' },
      'k8s.yaml:7: error: seriesQuery of the adapter rule uses telemetry_collection_duration_seconds, the bare name',
    ],
    ['no selector', { seriesQuery: 'sum(fleet_members)' }, 'is no selector'],
    ['broken', { seriesQuery: 'fleet_members{' }, 'ends too early'],
    ['all names that match', { seriesQuery: '{__name__=~"^telemetry_collection_.*_sum",pod!=""}' }, undefined],
    [
      'no pod',
      { overrides: '{namespace: {resource: namespace}}' },
      'says of no label that it names the pod; write pod: {resource: pod}',
    ],
    [
      'a label that is not there',
      { overrides: '{kubernetes_namespace: {resource: namespace}, pod: {resource: pod}}' },
      'has no label "kubernetes_namespace"',
    ],
    ['no LabelMatchers', { query: 'sum(rate(<<.Series>>[2m])) by (<<.GroupBy>>)' }, 'without <<.LabelMatchers>>'],
    [
      'no GroupBy',
      { query: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m]))' },
      'without the label "pod", so no pod gets a value; write by (<<.GroupBy>>)',
    ],
    ['a counter', { query: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)' }, 'hands the counter'],
    [
      'a wrong function',
      { query: 'sum(deriv(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)' },
      'takes deriv() of',
    ],
    [
      'more matchers',
      { query: 'sum(rate(<<.Series>>{<<.LabelMatchers>>,probe="tcpp"}[2m])) by (<<.GroupBy>>)' },
      'asks for probe="tcpp"',
    ],
    ['bad PromQL', { query: 'sum(rate(<<.Series>>{<<.LabelMatchers>>})) by (<<.GroupBy>>)' }, 'gives rate() a vector'],
  ])('adapter rule: %s', (_name, change, expected) => {
    const found = check({ manifests: adapter(change) });
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toContain(expected);
  });

  it('reads values of the chart, and queries of KEDA', () => {
    const values = `rules:\n  custom:\n    - seriesQuery: fleet_memberz\n---\nkind: ScaledObject\nmetadata: {name: s}\nspec:\n  triggers:\n    - type: prometheus\n      metadata: {query: sum(fleet_memberz)}\n`;
    expect(check({ manifests: values })).toEqual([
      'k8s.yaml:10: error: ScaledObject s uses fleet_memberz, which nothing emits; did you mean fleet_members? [metric-emitted]',
      'k8s.yaml:3: error: seriesQuery of the adapter rule uses fleet_memberz, which nothing emits; did you mean fleet_members? [adapter-rule]',
    ]);
  });
});
