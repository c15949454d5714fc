import { describe, expect, it } from 'vitest';
import type { MetricDefinition } from '../metrics/definition.js';
import { Histogram } from '../metrics/histogram.js';
import { linesOf } from './series.js';

const counter: MetricDefinition = {
  name: 'things_total',
  type: 'counter',
  help: 'Things',
  labels: { policy: 'one per policy', outcome: ['good', 'bad'] },
};
const histogram: MetricDefinition = {
  name: 'wait_seconds',
  type: 'histogram',
  help: 'Waits',
  labels: { policy: 'one per policy' },
  buckets: [0.1, 1],
};

describe('linesOf', () => {
  it('gives a line for each series, the labels in the order of the definition', () => {
    const lines = linesOf(counter, [
      { labels: { outcome: 'good', policy: 'a' }, value: 3 },
      { labels: { policy: 'a', outcome: 'bad' }, value: 4 },
    ]);
    expect(lines).toEqual([
      { labels: { policy: 'a', outcome: 'good' }, value: 3 },
      { labels: { policy: 'a', outcome: 'bad' }, value: 4 },
    ]);
    expect(Object.keys(lines[0]!.labels)).toEqual(['policy', 'outcome']);
  });

  it('adds up samples with the same labels, and no others', () => {
    const lines = linesOf(counter, [
      { labels: { policy: 'a', outcome: 'good' }, value: 3 },
      { labels: { outcome: 'good', policy: 'a' }, value: 4 },
      { labels: { policy: 'b', outcome: 'good' }, value: 5 },
      { labels: { policy: 'a","b', outcome: 'good' }, value: 6 },
    ]);
    expect(lines.map(({ value }) => value)).toEqual([7, 5, 6]);
  });

  it('gives a histogram cumulative buckets, a sum and a count', () => {
    const waits = new Histogram(histogram.buckets!);
    for (const seconds of [0.05, 0.1, 0.5, 7]) waits.observe(seconds);
    const policy = 'a';
    expect(linesOf(histogram, [{ labels: { policy }, value: waits }])).toEqual([
      { metricName: 'wait_seconds_bucket', labels: { le: 0.1, policy }, value: 2 },
      { metricName: 'wait_seconds_bucket', labels: { le: 1, policy }, value: 3 },
      { metricName: 'wait_seconds_bucket', labels: { le: '+Inf', policy }, value: 4 },
      { metricName: 'wait_seconds_sum', labels: { policy }, value: 7.65 },
      { metricName: 'wait_seconds_count', labels: { policy }, value: 4 },
    ]);
  });

  it('adds up histograms with the same labels, and leaves the sources alone', () => {
    const [one, two] = [new Histogram([0.1, 1]), new Histogram([0.1, 1])];
    one.observe(0.05);
    two.observe(0.5);
    two.observe(5);
    const samples = [one, two].map((value) => ({ labels: { policy: 'a' }, value }));
    expect(linesOf(histogram, samples).map(({ value }) => value)).toEqual([1, 2, 3, 5.55, 3]);
    expect([one.counts, two.counts]).toEqual([
      [1, 0, 0],
      [0, 1, 1],
    ]);
  });

  it.each([
    ['lacks one', { policy: 'a' }],
    ['has one too many', { policy: 'a', outcome: 'good', key: 'k' }],
    ['has another', { policy: 'a', result: 'good' }],
    ['has one without a value', { policy: 'a', outcome: undefined as unknown as string }],
  ])('refuses a sample whose labels do not fit: it %s', (_, labels) => {
    expect(() => linesOf(counter, [{ labels, value: 1 }])).toThrow(
      `metric things_total has a sample with labels [${Object.keys(labels)}]; its definition has [policy,outcome]`,
    );
  });

  it('refuses a value of another type, or with other buckets', () => {
    const labels = { policy: 'a' };
    const message = 'metric wait_seconds is a histogram with 2 buckets, and has a sample whose value is none';
    expect(() => linesOf(histogram, [{ labels, value: 1 }])).toThrow(message);
    expect(() => linesOf(histogram, [{ labels, value: new Histogram([1]) }])).toThrow(message);
    const counts = { labels: { policy: 'a', outcome: 'good' }, value: new Histogram([]) };
    expect(() => linesOf(counter, [counts])).toThrow(
      'metric things_total is a counter, and has a sample whose value is none',
    );
  });
});
