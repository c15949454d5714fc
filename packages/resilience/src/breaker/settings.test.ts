import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { classifyErrors } from '../core/judge.js';
import { type CircuitBreakerOptions, circuitSettings } from './settings.js';

const settings = (options: CircuitBreakerOptions) => circuitSettings(options, 'breaker');
const wrong = (options: unknown, message: string) => {
  expect(() => settings(options as CircuitBreakerOptions)).toThrow(new ConfigError(`breaker: ${message}`));
};

describe('circuitSettings', () => {
  it('has the defaults that its options promise', () => {
    expect(settings({})).toEqual({
      name: 'breaker',
      failureThreshold: 5,
      window: undefined,
      rates: { minimumCalls: 20, failureRate: 0.5, slowCallRate: 1 },
      slowCallMs: Number.POSITIVE_INFINITY,
      timesCalls: false,
      recoveryTimeoutMs: 60_000,
      recoveryMultiplier: 1,
      maxRecoveryTimeoutMs: 600_000,
      recoveryJitter: 0,
      successThreshold: 3,
      maxProbes: 3,
      probeTimeoutMs: 60_000,
      rampUpMs: 0,
      shadow: false,
      classify: classifyErrors,
      random: Math.random,
    });
  });

  it('takes what it is given', () => {
    const classify = () => 'ignore' as const;
    const random = () => 0.5;
    const given = {
      name: 'mine',
      failureThreshold: 7,
      recoveryTimeoutMs: 2_000,
      recoveryMultiplier: 2,
      maxRecoveryTimeoutMs: 8_000,
      recoveryJitter: 0.5,
      successThreshold: 4,
      maxProbes: 2,
      probeTimeoutMs: 900,
      rampUpMs: 700,
      shadow: true,
      classify,
      random,
    };
    expect(settings(given)).toMatchObject(given);
  });

  it('caps the open time no lower than the recovery timeout', () => {
    expect(settings({ recoveryTimeoutMs: 900_000 }).maxRecoveryTimeoutMs).toBe(900_000);
  });

  it('has 10 probes at most by default', () => {
    expect(settings({ successThreshold: 11 }).maxProbes).toBe(10);
    expect(settings({ successThreshold: 2 }).maxProbes).toBe(2);
  });

  describe('with a window', () => {
    it('fills a count window in', () => {
      const { window, rates } = settings({ trip: { window: 'count' } });
      expect(window).toEqual({ kind: 'count', calls: 100 });
      expect(rates).toEqual({ minimumCalls: 20, failureRate: 0.5, slowCallRate: 1 });
    });

    it('fills a time window in', () => {
      const { window, timesCalls } = settings({ trip: { window: 'time' } });
      expect(window).toEqual({ kind: 'time', durationMs: 30_000, buckets: 10 });
      expect(timesCalls).toBe(false);
    });

    it('takes what it is given', () => {
      const rule = { failureRate: 0.25, minimumCalls: 3, slowCallMs: 40, slowCallRate: 0.75 };
      const rates = { failureRate: 0.25, minimumCalls: 3, slowCallRate: 0.75 };
      expect(settings({ trip: { ...rule, window: 'count', calls: 8 } })).toMatchObject({
        window: { kind: 'count', calls: 8 },
        rates,
        slowCallMs: 40,
        timesCalls: true,
      });
      expect(settings({ trip: { ...rule, window: 'time', durationMs: 500, buckets: 5 } })).toMatchObject({
        window: { kind: 'time', durationMs: 500, buckets: 5 },
        rates,
        slowCallMs: 40,
        timesCalls: true,
      });
    });

    it('asks for no more calls than a small count window holds', () => {
      expect(settings({ trip: { window: 'count', calls: 8 } }).rates.minimumCalls).toBe(8);
    });

    it('counts failures in a row only where both are asked for', () => {
      expect(settings({ trip: { window: 'time' } }).failureThreshold).toBe(Number.POSITIVE_INFINITY);
      expect(settings({ trip: { window: 'time' }, failureThreshold: 9 }).failureThreshold).toBe(9);
    });
  });

  const count = 'it must be a whole number from 1 to 1000000000';
  it.each([
    [{ failureThreshold: 0 }, `failureThreshold is 0; ${count}`],
    [{ failureThreshold: 1.5 }, `failureThreshold is 1.5; ${count}`],
    [{ failureThreshold: Number.NaN }, `failureThreshold is NaN; ${count}`],
    [{ failureThreshold: '5' }, `failureThreshold is 5; ${count}`],
    [{ successThreshold: 0 }, `successThreshold is 0; ${count}`],
    [{ maxProbes: 0 }, `maxProbes is 0; ${count}`],
    [{ recoveryTimeoutMs: 0 }, 'recoveryTimeoutMs is 0; it must be a number of at least 1'],
    [{ probeTimeoutMs: 0.5 }, 'probeTimeoutMs is 0.5; it must be a number of at least 1'],
    [{ recoveryMultiplier: 0.9 }, 'recoveryMultiplier is 0.9; it must be a number of at least 1'],
    [{ maxRecoveryTimeoutMs: 59_999 }, 'maxRecoveryTimeoutMs is 59999; it must be a number of at least 60000'],
    [{ recoveryJitter: -0.1 }, 'recoveryJitter is -0.1; it must be a number from 0 to 0.9'],
    [{ recoveryJitter: 1 }, 'recoveryJitter is 1; it must be a number from 0 to 0.9'],
    [{ rampUpMs: -1 }, 'rampUpMs is -1; it must be a number of at least 0'],
    [{ trip: { window: 'sliding' } }, "trip.window is sliding; it must be 'count' or 'time'"],
    [{ trip: {} }, "trip.window is undefined; it must be 'count' or 'time'"],
    [
      { trip: { window: 'count', calls: 1_000_001 } },
      'trip.calls is 1000001; it must be a whole number from 1 to 1000000',
    ],
    [{ trip: { window: 'time', durationMs: 0 } }, 'trip.durationMs is 0; it must be a number of at least 1'],
    [{ trip: { window: 'time', buckets: 0 } }, 'trip.buckets is 0; it must be a whole number from 1 to 1000'],
    [{ trip: { window: 'time', buckets: 1_001 } }, 'trip.buckets is 1001; it must be a whole number from 1 to 1000'],
    [
      { trip: { window: 'count', calls: 10, minimumCalls: 11 } },
      'trip.minimumCalls is 11; it must be a whole number from 1 to 10',
    ],
    [{ trip: { window: 'time', minimumCalls: 0 } }, `trip.minimumCalls is 0; ${count}`],
    [{ trip: { window: 'time', failureRate: 0 } }, 'trip.failureRate is 0; it must be a number from 0.001 to 1'],
    [{ trip: { window: 'time', failureRate: 50 } }, 'trip.failureRate is 50; it must be a number from 0.001 to 1'],
    [
      { trip: { window: 'time', slowCallMs: 1, slowCallRate: 1.1 } },
      'trip.slowCallRate is 1.1; it must be a number from 0.001 to 1',
    ],
    [
      { trip: { window: 'time', slowCallMs: -1 } },
      'trip.slowCallMs is -1; it must be a number of at least 0, or Infinity',
    ],
    [{ trip: { window: 'time', slowCallRate: 0.5 } }, 'trip.slowCallRate is 0.5; it needs trip.slowCallMs'],
  ])('refuses %j, naming the option, the value and the range', (options, message) => {
    wrong(options, message);
  });

  it('takes the ends of its ranges', () => {
    const ends = {
      failureThreshold: 1,
      recoveryTimeoutMs: 1,
      maxRecoveryTimeoutMs: 1,
      recoveryJitter: 0.9,
      successThreshold: 1,
      maxProbes: 1,
      probeTimeoutMs: 1,
    };
    expect(settings(ends)).toMatchObject(ends);
    const trip = { window: 'time', durationMs: 1, buckets: 1_000, failureRate: 0.001, slowCallMs: 0, slowCallRate: 1 };
    expect(settings({ trip: trip as CircuitBreakerOptions['trip'] & object }).rates.failureRate).toBe(0.001);
  });
});
