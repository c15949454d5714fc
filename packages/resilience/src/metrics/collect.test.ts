import { describe, expect, it } from 'vitest';
import { collect } from './collect.js';
import type { Measured, MetricDefinition } from './definition.js';

const definition = (name: string): MetricDefinition => ({ name, type: 'counter', help: 'Things', labels: {} });
const [first, second] = [definition('first_total'), definition('second_total')];

const source = (policy: string, ...metrics: MetricDefinition[]): Measured => ({
  measure: (record) => {
    for (const [value, metric] of metrics.entries()) record(metric, { policy }, value);
  },
});

describe('collect', () => {
  it('puts the samples of one metric together, over all sources and in their order', () => {
    const families = collect([source('a', first, second), source('b', second)]);
    expect([...families]).toEqual([
      [first, [{ labels: { policy: 'a' }, value: 0 }]],
      [
        second,
        [
          { labels: { policy: 'a' }, value: 1 },
          { labels: { policy: 'b' }, value: 0 },
        ],
      ],
    ]);
  });

  it('knows nothing without sources', () => {
    expect(collect([]).size).toBe(0);
  });
});
