import type { MetricDefinition } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { namingProblems } from './rules.js';

const counter: MetricDefinition = {
  name: 'batch_items_total',
  type: 'counter',
  help: 'Items by outcome',
  labels: { policy: 'one per pool', outcome: ['good', 'bad'] },
};
const gauge: MetricDefinition = { name: 'batch_workers', type: 'gauge', help: '1 for each worker', labels: {} };
const histogram: MetricDefinition = {
  name: 'batch_wait_seconds',
  type: 'histogram',
  help: 'Waits',
  labels: {},
  buckets: [0.1, 1, 10],
};

const problemsOf = (definition: MetricDefinition) => namingProblems(definition, ['batch_', 'retry_']);

describe('namingProblems', () => {
  it.each([counter, gauge, histogram])('is content with $name', (definition) => {
    expect(problemsOf(definition)).toEqual([]);
  });

  it.each<[string, MetricDefinition]>([
    ['its name is not in snake case', { ...gauge, name: 'batch_inFlight' }],
    ['its name is not in snake case', { ...gauge, name: 'batch__workers' }],
    ['its name begins with none of batch_, retry_', { ...gauge, name: 'pool_workers' }],
    ['its name has a unit that is no base unit; use seconds or bytes', { ...gauge, name: 'batch_age_ms' }],
    ['its name has a unit that is no base unit; use seconds or bytes', { ...counter, name: 'batch_hours_total' }],
    ['its help is not a phrase with a capital and without a full stop', { ...gauge, help: '' }],
    ['its help is not a phrase with a capital and without a full stop', { ...gauge, help: 'workers' }],
    ['its help is not a phrase with a capital and without a full stop', { ...gauge, help: 'Workers.' }],
    ['names of counters, and of nothing else, end in _total', { ...counter, name: 'batch_items' }],
    ['names of counters, and of nothing else, end in _total', { ...gauge, name: 'batch_workers_total' }],
    ['a histogram ends in its unit', { ...histogram, name: 'batch_waits' }],
    ['a histogram has buckets that rise', { ...histogram, buckets: [0.1, 0.1] }],
    ['a gauge has no buckets', { ...gauge, buckets: [1] }],
    ['its name is that of a series of a histogram', { ...gauge, name: 'batch_workers_count' }],
    ['the label Outcome is not in snake case', { ...counter, labels: { Outcome: ['good'] } }],
    ['the label le has a meaning of its own to Prometheus', { ...counter, labels: { le: ['1'] } }],
    ['the label instance has a meaning of its own to Prometheus', { ...counter, labels: { instance: 'one' } }],
    ['a label for each key has no bound', { ...counter, labels: { key: 'one per target' } }],
    ['nothing bounds the label outcome', { ...counter, labels: { outcome: [] } }],
    ['nothing bounds the label outcome', { ...counter, labels: { outcome: ' ' } }],
    ['the label outcome lists a value twice', { ...counter, labels: { outcome: ['good', 'bad', 'good'] } }],
  ])('says that %s', (problem, definition) => {
    expect(problemsOf(definition)).toEqual([`${definition.name}: ${problem}`]);
  });

  it('misses the buckets of a histogram', () => {
    const { buckets: _, ...bare } = histogram;
    expect(problemsOf(bare)).toEqual(['batch_wait_seconds: a histogram has buckets that rise']);
  });
});
