import { describe, expect, it } from 'vitest';
import { RecentRuns } from './recent-runs.js';

describe('RecentRuns', () => {
  it('knows nothing before the first run', () => {
    expect(new RecentRuns().p95Ms(0)).toBeUndefined();
  });

  it('has the 95th percentile of what ran in the last minute', () => {
    const runs = new RecentRuns();
    for (let ms = 1; ms <= 100; ms++) runs.add(ms, 1_000);
    expect(runs.p95Ms(1_000)).toBe(95);
    runs.add(7, 61_000);
    expect(runs.p95Ms(61_000)).toBe(95);
    expect(runs.p95Ms(61_001)).toBe(7);
    expect(runs.p95Ms(121_001)).toBeUndefined();
  });

  it('forgets the oldest of too many', () => {
    const runs = new RecentRuns();
    for (let run = 0; run < 100; run++) runs.add(9_000, 0);
    for (let run = 0; run < 1_024; run++) runs.add(5, 0);
    expect(runs.p95Ms(0)).toBe(5);
  });
});
