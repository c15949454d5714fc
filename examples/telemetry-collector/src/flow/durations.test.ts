import { describe, expect, it } from 'vitest';
import { Durations } from './durations.js';

function durationsOf(...all: number[]): Durations {
  const durations = new Durations();
  for (const ms of all) durations.add(ms);
  return durations;
}

describe('the durations of the latest runs', () => {
  it('know nothing before the first run', () => {
    expect(new Durations().quantile(0.95)).toBeUndefined();
  });

  it('give the nearest-rank quantile', () => {
    const durations = durationsOf(50, 10, 40, 20, 30);
    expect([0, 0.2, 0.5, 0.95, 1].map((share) => durations.quantile(share))).toEqual([10, 10, 30, 50, 50]);
  });

  it('forget what is older than 32 runs', () => {
    const durations = durationsOf(9_000, ...Array.from({ length: 32 }, (_, index) => index + 1));
    expect(durations.quantile(1)).toBe(32);
    expect(durations.quantile(0.95)).toBe(31);
  });
});
