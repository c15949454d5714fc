import { describe, expect, it } from 'vitest';
import { checkedSettings } from './settings.js';

describe('checkedSettings', () => {
  it("fills in what is not given, and passes over what is not the lane's", () => {
    const settings = checkedSettings({ lingerMs: 7, directory: '/spool' } as object);
    expect(settings).toEqual({
      maxBatchPoints: 5_000,
      maxBatchBytes: 1_048_576,
      lingerMs: 7,
      maxInFlight: 4,
      timeoutMs: 10_000,
      catchUpPointsPerSecond: 100_000,
      ackHoldMs: undefined,
    });
  });

  it('names the setting that cannot be used, its value and its range', () => {
    expect(() => checkedSettings({ maxInFlight: 0 })).toThrow(
      'lane: maxInFlight is 0; it must be a whole number of at least 1',
    );
    expect(() => checkedSettings({ ackHoldMs: Number.NaN })).toThrow('ackHoldMs is NaN');
  });
});
