import { describe, expect, it } from 'vitest';
import { Closed } from './closed.js';
import { type CircuitBreakerOptions, circuitSettings } from './settings.js';

const settings = (options: CircuitBreakerOptions = {}) => circuitSettings(options, 'test');
const closed = (options?: CircuitBreakerOptions) => new Closed(settings(options));

describe('Closed', () => {
  it('admits everything, and is never due', () => {
    const state = closed();
    expect(state.name).toBe('closed');
    expect(state.admit(0)).toBeUndefined();
    expect(state.due(Number.MAX_VALUE)).toBeUndefined();
  });

  describe('counting failures in a row', () => {
    it('trips at the threshold, not before', () => {
      const state = closed({ failureThreshold: 3 });
      expect(state.failure(1, false)).toBeUndefined();
      expect(state.failure(2, false)).toBeUndefined();
      expect(state.failure(3, false)).toBe('failures');
    });

    it('trips at 5 by default', () => {
      const state = closed();
      for (let failure = 1; failure <= 4; failure++) expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(0, false)).toBe('failures');
    });

    it('starts over after a success', () => {
      const state = closed({ failureThreshold: 2 });
      state.failure(0, false);
      expect(state.failures).toBe(1);
      expect(state.success(0, false)).toBeUndefined();
      expect(state.failures).toBe(0);
      expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(0, false)).toBe('failures');
    });

    it('goes on from the failures that it is given', () => {
      const state = new Closed(settings({ failureThreshold: 3 }), undefined, 2);
      expect(state.failures).toBe(2);
      expect(state.failure(0, false)).toBe('failures');
    });

    it('needs no time', () => {
      expect(closed()).toMatchObject({ timesStart: false, timesSuccess: false });
    });

    it('does nothing when a call gives back', () => {
      const state = closed({ failureThreshold: 2 });
      state.failure(0, false);
      state.giveBack();
      expect(state.failures).toBe(1);
    });
  });

  describe('with a count window', () => {
    const trip = { window: 'count', calls: 4, minimumCalls: 4, failureRate: 0.5 } as const;

    it('trips at the rate once there are enough calls', () => {
      const state = closed({ trip });
      expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(0, false)).toBe('failure-rate');
    });

    it('trips on the success that completes the minimum', () => {
      const state = closed({ trip });
      state.failure(0, false);
      state.failure(0, false);
      state.success(0, false);
      expect(state.success(0, false)).toBe('failure-rate');
    });

    it('does not count failures in a row, unless told to', () => {
      const state = closed({ trip: { window: 'count', calls: 100, minimumCalls: 100 } });
      for (let failure = 0; failure < 99; failure++) expect(state.failure(0, false)).toBeUndefined();
      const both = closed({ trip: { window: 'count', calls: 100, minimumCalls: 100 }, failureThreshold: 2 });
      both.failure(0, false);
      expect(both.failure(0, false)).toBe('failures');
    });

    it('counts a result for the window although a run of failures trips', () => {
      const state = closed({
        trip: { window: 'count', calls: 3, minimumCalls: 3, failureRate: 0.6 },
        failureThreshold: 2,
      });
      state.failure(0, false);
      expect(state.failure(0, false)).toBe('failures');
      expect(state.success(0, false)).toBe('failure-rate');
    });

    it('needs the time of a success, which can open the circuit, and of the start where slow calls count', () => {
      expect(closed({ trip })).toMatchObject({ timesStart: false, timesSuccess: true });
      expect(closed({ trip: { ...trip, slowCallMs: 5 } })).toMatchObject({ timesStart: true, timesSuccess: true });
    });
  });

  describe('with slow calls', () => {
    const trip = { window: 'count', calls: 2, failureRate: 1, slowCallMs: 10, slowCallRate: 0.5 } as const;

    it('trips on a slow success', () => {
      const state = closed({ trip });
      expect(state.success(0, false)).toBeUndefined();
      expect(state.success(0, true)).toBe('slow-rate');
    });

    it('counts a slow failure as slow too', () => {
      const state = closed({ trip });
      expect(state.success(0, false)).toBeUndefined();
      expect(state.failure(0, true)).toBe('slow-rate');
    });
  });

  describe('with a time window', () => {
    const trip = { window: 'time', durationMs: 100, buckets: 10, minimumCalls: 2, failureRate: 1 } as const;

    it('forgets what is older than the window', () => {
      const state = closed({ trip });
      expect(state.failure(0, false)).toBeUndefined();
      expect(state.failure(100, false)).toBeUndefined();
      expect(state.failure(199, false)).toBe('failure-rate');
    });
  });

  describe('ramping up', () => {
    const ramping = (numbers: number[], rampFromMs: number | undefined = 1_000) =>
      new Closed(settings({ rampUpMs: 900, random: () => numbers.shift()! }), rampFromMs);

    it('admits a tenth at first', () => {
      const state = ramping([0.0999, 0.1]);
      expect(state.admit(1_000)).toBeUndefined();
      expect(state.admit(1_000)).toBe('shed');
    });

    it('admits a share that grows in proportion to the time', () => {
      // A third of the time: 0.1 + 0.9 / 3.
      const state = ramping([0.3999, 0.4, 0.6999, 0.7]);
      expect(state.admit(1_300)).toBeUndefined();
      expect(state.admit(1_300)).toBe('shed');
      expect(state.admit(1_600)).toBeUndefined();
      expect(state.admit(1_600)).toBe('shed');
    });

    it('admits everything at its end, and asks for neither time nor chance any more', () => {
      const state = ramping([0.99]);
      expect(state.timesStart).toBe(true);
      expect(state.admit(1_899.9)).toBeUndefined();
      expect(state.admit(1_900)).toBeUndefined();
      expect(state.timesStart).toBe(false);
      expect(state.admit(1_000)).toBeUndefined();
    });

    it('counts as always', () => {
      const state = new Closed(settings({ rampUpMs: 900, failureThreshold: 1 }), 0);
      expect(state.failure(1, false)).toBe('failures');
    });

    it('is off without an instant to start from, and without a time to take', () => {
      expect(new Closed(settings({ rampUpMs: 900 })).timesStart).toBe(false);
      expect(new Closed(settings({ rampUpMs: 0 }), 0).timesStart).toBe(false);
      expect(new Closed(settings({ rampUpMs: 0, random: () => 0.99 }), 0).admit(0)).toBeUndefined();
    });
  });

  describe('at rest', () => {
    it('is what a new one is', () => {
      expect(closed().atRest).toBe(true);
    });

    it('ends with a failure and returns with a success', () => {
      const state = closed();
      state.failure(0, false);
      expect(state.atRest).toBe(false);
      state.success(0, false);
      expect(state.atRest).toBe(true);
    });

    it('is never reached with a window, nor while it ramps up', () => {
      expect(closed({ trip: { window: 'count' } }).atRest).toBe(false);
      const ramping = new Closed(settings({ rampUpMs: 10 }), 0);
      expect(ramping.atRest).toBe(false);
      ramping.admit(10);
      expect(ramping.atRest).toBe(true);
    });
  });
});
