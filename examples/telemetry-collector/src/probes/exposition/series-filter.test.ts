import { describe, expect, it } from 'vitest';
import { SeriesFilter } from './series-filter.js';

describe('SeriesFilter', () => {
  it('keeps what any pattern matches', () => {
    const filter = new SeriesFilter(['node_load1', 'node_network_*_bytes_total']);
    const names = ['node_load1', 'node_load15', 'node_load1', 'node_network_receive_bytes_total', 'node_network_up'];
    expect(names.map((name) => filter.keeps(name))).toEqual([true, false, true, true, false]);
  });

  it('keeps nothing without patterns, and everything with a star', () => {
    expect(new SeriesFilter([]).keeps('up')).toBe(false);
    expect(new SeriesFilter(['*']).keeps('up')).toBe(true);
  });
});
