import { describe, expect, it } from 'vitest';
import { ExpositionError } from './line-reader.js';
import { parsePattern, SeriesFilter } from './series-filter.js';

const keeps = (patterns: string[], name: string, labels: Record<string, string> = {}) =>
  new SeriesFilter(patterns).forName(name)?.(labels) === true;

describe('SeriesFilter', () => {
  it('keeps what any pattern matches', () => {
    const patterns = ['node_load1', 'node_network_*_bytes_total'];
    expect(keeps(patterns, 'node_load1')).toBe(true);
    expect(keeps(patterns, 'node_load15')).toBe(false);
    expect(keeps(patterns, 'node_network_transmit_bytes_total', { device: 'lo' })).toBe(true);
  });

  it('keeps nothing without patterns', () => {
    expect(keeps([], 'node_load1')).toBe(false);
  });

  it('asks that every label of a pattern matches', () => {
    const patterns = ['net_*{device="eth?",dir="in"}'];
    expect(keeps(patterns, 'net_bytes', { device: 'eth0', dir: 'in', extra: 'x' })).toBe(true);
    expect(keeps(patterns, 'net_bytes', { device: 'eth0', dir: 'out' })).toBe(false);
    expect(keeps(patterns, 'net_bytes', { device: 'eth10', dir: 'in' })).toBe(false);
    expect(keeps(patterns, 'net_bytes')).toBe(false);
  });

  it('keeps a series for which another pattern of the same name has other labels', () => {
    expect(keeps(['up{job="a"}', 'up{job="b"}'], 'up', { job: 'b' })).toBe(true);
  });

  it('takes a label that a series lacks for an empty one', () => {
    expect(keeps(['up{job="*"}'], 'up')).toBe(true);
  });

  it.each([
    ['', 1, 'expected a metric name'],
    ['{job="a"}', 1, 'expected a metric name'],
    ['up{job=a}', 8, 'expected " before the value of the label job'],
    ['up{job="a"', 11, 'expected , or } after the label job'],
    ['up{job="a"} 1', 12, 'expected the end of the pattern'],
    ['node load', 5, 'expected the end of the pattern'],
  ])('refuses the pattern %j', (pattern, column, reason) => {
    expect(() => parsePattern(pattern)).toThrow(new ExpositionError('malformed', reason, 1, column));
  });
});
