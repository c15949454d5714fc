import { describe, expect, it } from 'vitest';
import { HalfOpen } from './half-open.js';
import { Open } from './open.js';
import { type CircuitBreakerOptions, circuitSettings } from './settings.js';

const before = new Open('failures', 0, 1_000, 1);
const halfOpen = (options: CircuitBreakerOptions = {}) => new HalfOpen(circuitSettings(options, 'test'), before);

describe('HalfOpen', () => {
  it('remembers the open state that it tries to end, and needs the time', () => {
    expect(halfOpen()).toMatchObject({ name: 'half-open', open: before, timesStart: true, timesSuccess: true });
  });

  describe('admitting probes', () => {
    it('refuses who comes when every slot is taken', () => {
      const state = halfOpen({ maxProbes: 2 });
      expect(state.admit(0)).toBeUndefined();
      expect(state.admit(0)).toBeUndefined();
      expect(state.admit(0)).toBe('probing');
      expect(state.admit(0)).toBe('probing');
    });

    it('admits as many at once as must succeed, 10 at most, by default', () => {
      const admitted = (options: CircuitBreakerOptions) => {
        const state = halfOpen(options);
        let count = 0;
        while (state.admit(0) === undefined) count++;
        return count;
      };
      expect(admitted({})).toBe(3);
      expect(admitted({ successThreshold: 1 })).toBe(1);
      expect(admitted({ successThreshold: 50 })).toBe(10);
    });

    it('admits another when a slot is given back, and only one', () => {
      const state = halfOpen({ maxProbes: 2 });
      state.admit(0);
      state.admit(0);
      state.giveBack();
      expect(state.admit(0)).toBeUndefined();
      expect(state.admit(0)).toBe('probing');
    });

    it('takes no slot for who is refused', () => {
      const state = halfOpen({ maxProbes: 1 });
      state.admit(0);
      state.admit(0);
      state.admit(0);
      state.giveBack();
      expect(state.admit(0)).toBeUndefined();
    });
  });

  describe('counting results', () => {
    it('recovers after enough successes, not before', () => {
      const state = halfOpen({ successThreshold: 3 });
      expect(state.success(0, false)).toBeUndefined();
      expect(state.success(0, false)).toBeUndefined();
      expect(state.success(0, false)).toBe('recovered');
    });

    it('reopens on one failure, whatever succeeded before', () => {
      const state = halfOpen({ successThreshold: 3 });
      state.success(0, false);
      state.success(0, false);
      expect(state.failure()).toBe('probe-failed');
    });

    it('reopens on a success that was slow', () => {
      const state = halfOpen({ successThreshold: 1 });
      expect(state.success(0, true)).toBe('probe-slow');
    });

    it('counts nothing when a probe only gives back', () => {
      const state = halfOpen({ successThreshold: 2 });
      state.success(0, false);
      state.admit(0);
      state.giveBack();
      expect(state.success(0, false)).toBe('recovered');
    });
  });

  describe('with probes that hang', () => {
    it('is due when all slots have been taken for the probe timeout', () => {
      const state = halfOpen({ maxProbes: 2, probeTimeoutMs: 500 });
      state.admit(0);
      state.admit(100);
      expect(state.due(599.9)).toBeUndefined();
      expect(state.due(600)).toBe('probe-timeout');
    });

    it('is not due while a slot is free: the next call may probe', () => {
      const state = halfOpen({ maxProbes: 2, probeTimeoutMs: 500 });
      expect(state.due(10_000)).toBeUndefined();
      state.admit(0);
      expect(state.due(10_000)).toBeUndefined();
    });

    it('counts the time anew when a slot came free and was taken again', () => {
      const state = halfOpen({ maxProbes: 1, probeTimeoutMs: 500 });
      state.admit(0);
      state.giveBack();
      state.admit(400);
      expect(state.due(899)).toBeUndefined();
      expect(state.due(900)).toBe('probe-timeout');
    });

    it('is not put off by callers who are refused', () => {
      const state = halfOpen({ maxProbes: 1, probeTimeoutMs: 500 });
      state.admit(0);
      state.admit(499);
      expect(state.due(500)).toBe('probe-timeout');
    });

    it('waits for the recovery timeout by default', () => {
      const state = halfOpen({ maxProbes: 1, recoveryTimeoutMs: 2_000 });
      state.admit(0);
      expect(state.due(1_999)).toBeUndefined();
      expect(state.due(2_000)).toBe('probe-timeout');
    });
  });
});
