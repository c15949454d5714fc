import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';

describe('Histogram', () => {
  it('counts each value in the first bucket whose bound it does not exceed, else in the last', () => {
    const histogram = new Histogram([0.1, 1, 10]);
    for (const value of [0, 0.1, 0.11, 1, 10, 10.5, 1e9]) histogram.observe(value);
    expect(histogram.counts).toEqual([2, 2, 1, 2]);
  });

  it('adds up what it has seen', () => {
    const histogram = new Histogram([1]);
    for (const value of [0.25, 0.5, 4]) histogram.observe(value);
    expect(histogram.sum).toBe(4.75);
  });

  it('counts nothing at first, in one bucket more than there are bounds', () => {
    const { counts, sum, bounds } = new Histogram([1, 2]);
    expect([counts, sum, bounds]).toEqual([[0, 0, 0], 0, [1, 2]]);
  });
});
