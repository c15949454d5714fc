import { expect, it } from 'vitest';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { signalFindings } from './scaling-signal.js';

const manifests = (metricsQuery: string, scaledOn = 'turn') => [
  new YamlSource(
    'k8s.yaml',
    `kind: HorizontalPodAutoscaler
spec: { metrics: [{ type: Pods, pods: { metric: { name: ${scaledOn} } } }] }
---
rules:
  - seriesQuery: x_seconds_sum
    name: { as: turn }
    metricsQuery: ${metricsQuery}
`,
  ),
];
const lines = (...args: Parameters<typeof manifests>) =>
  signalFindings({ ...NO_ARTIFACTS, manifests: manifests(...args) }).map(({ line }) => line);

const MEAN = 'sum(rate(x_seconds_sum{<<.LabelMatchers>>}[2m])) / sum(rate(x_seconds_count{<<.LabelMatchers>>}[2m]))';

it('tells of a mean and of a quantile of a duration', () => {
  expect(lines(MEAN)).toEqual([7]);
  expect(lines('histogram_quantile(0.9, sum by (le) (rate(x_seconds_bucket[2m])))')).toEqual([7]);
});

it('says nothing of what is shared out among pods, or scales nothing', () => {
  expect(lines('sum by (<<.GroupBy>>) (rate(x_seconds_sum{<<.LabelMatchers>>}[2m]))')).toEqual([]);
  expect(lines(MEAN, 'another')).toEqual([]);
});
