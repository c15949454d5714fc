import { describe, expect, it } from 'vitest';
import { Circuit } from './circuit.js';
import { Open } from './open.js';
import { type CircuitBreakerOptions, circuitSettings } from './settings.js';

function circuitOf(options: CircuitBreakerOptions = {}) {
  const moves: string[] = [];
  let generation = 0;
  const circuit: Circuit = new Circuit({
    settings: circuitSettings(
      { failureThreshold: 2, successThreshold: 2, recoveryTimeoutMs: 1_000, ...options },
      'test',
    ),
    nextGeneration: () => ++generation,
    moved: (of, from, cause, nowMs) => {
      expect(of).toBe(circuit);
      moves.push(`${nowMs}: ${from.name} > ${of.state.name} (${cause})`);
    },
  });
  const trip = (nowMs: number, hintMs = 0) => {
    const began = circuit.generation;
    while (circuit.generation === began) circuit.failure(began, nowMs, false, hintMs);
  };
  const succeed = (nowMs: number) => circuit.success(circuit.generation, nowMs, false);
  return { circuit, moves, trip, succeed };
}

describe('Circuit', () => {
  it('goes from closed to open, half-open and closed again, and says why', () => {
    const { circuit, moves, trip, succeed } = circuitOf();
    trip(5);
    expect(circuit.admit(1_004)).toBe('open');
    expect(circuit.admit(1_005)).toBeUndefined();
    succeed(1_006);
    succeed(1_007);
    expect(circuit.admit(1_008)).toBeUndefined();
    expect(moves).toEqual([
      '5: closed > open (failures)',
      '1005: open > half-open (recovery-timeout)',
      '1007: half-open > closed (recovered)',
    ]);
  });

  it('reopens when a probe fails, and stays open from then on', () => {
    const { circuit, moves, trip } = circuitOf();
    trip(0);
    circuit.admit(1_000);
    trip(1_500);
    expect(circuit.admit(2_499)).toBe('open');
    expect(circuit.admit(2_500)).toBeUndefined();
    expect(moves.slice(2)).toEqual([
      '1500: half-open > open (probe-failed)',
      '2500: open > half-open (recovery-timeout)',
    ]);
  });

  it('reopens when probes hang, refusing whoever notices, and probes anew in time', () => {
    const { circuit, moves, trip } = circuitOf({ maxProbes: 1, probeTimeoutMs: 300 });
    trip(0);
    circuit.admit(1_000);
    expect(circuit.admit(1_299)).toBe('probing');
    expect(circuit.admit(1_300)).toBe('open');
    expect(circuit.admit(2_299)).toBe('open');
    expect(circuit.admit(2_300)).toBeUndefined();
    expect(moves.slice(2)).toEqual([
      '1300: half-open > open (probe-timeout)',
      '2300: open > half-open (recovery-timeout)',
    ]);
  });

  describe('staying open for longer', () => {
    it('keeps its attempts across half-open, and starts over once it has closed', () => {
      const { circuit, trip, succeed } = circuitOf({ recoveryMultiplier: 2 });
      trip(0);
      expect(circuit.state).toMatchObject({ attempts: 1, untilMs: 1_000 });
      circuit.admit(1_000);
      trip(1_000);
      expect(circuit.state).toMatchObject({ attempts: 2, untilMs: 3_000 });
      circuit.admit(3_000);
      trip(3_000);
      expect(circuit.state).toMatchObject({ attempts: 3, untilMs: 7_000 });
      circuit.admit(7_000);
      succeed(7_000);
      succeed(7_000);
      trip(8_000);
      expect(circuit.state).toMatchObject({ attempts: 1, untilMs: 9_000 });
    });

    it('counts a hung probe as an attempt', () => {
      const { circuit, trip } = circuitOf({ maxProbes: 1, probeTimeoutMs: 100, recoveryMultiplier: 3 });
      trip(0);
      circuit.admit(1_000);
      circuit.admit(1_100);
      expect(circuit.state).toMatchObject({ attempts: 2, openedAtMs: 1_100, untilMs: 4_100, cause: 'probe-timeout' });
    });

    it('obeys the wish of the failure that opened it', () => {
      const { circuit, trip } = circuitOf();
      trip(0, 5_000);
      expect(circuit.state).toMatchObject({ untilMs: 5_000 });
    });

    it('obeys the wish of the probe that failed', () => {
      const { circuit, trip } = circuitOf();
      trip(0);
      circuit.admit(1_000);
      trip(1_000, 5_000);
      expect(circuit.state).toMatchObject({ untilMs: 6_000 });
    });
  });

  describe('fencing', () => {
    it('ignores a failure that began before it closed again', () => {
      const { circuit, trip, succeed } = circuitOf({ failureThreshold: 1 });
      const old = circuit.generation;
      trip(0);
      circuit.admit(1_000);
      succeed(1_000);
      succeed(1_000);
      circuit.failure(old, 1_001, false, 0);
      expect(circuit.state.name).toBe('closed');
    });

    it('ignores a success of the closed era while half-open', () => {
      const { circuit, trip } = circuitOf({ successThreshold: 1 });
      const old = circuit.generation;
      trip(0);
      circuit.admit(1_000);
      circuit.success(old, 1_001, false);
      expect(circuit.state.name).toBe('half-open');
    });

    it('takes no probe slot back from a call of the closed era, nor from an earlier half-open', () => {
      const { circuit, trip } = circuitOf({ maxProbes: 1 });
      const closedEra = circuit.generation;
      trip(0);
      circuit.admit(1_000);
      circuit.giveBack(closedEra);
      expect(circuit.admit(1_001)).toBe('probing');
      const firstProbe = circuit.generation;
      trip(1_002);
      circuit.admit(2_002);
      circuit.giveBack(firstProbe);
      expect(circuit.admit(2_003)).toBe('probing');
      circuit.giveBack(circuit.generation);
      expect(circuit.admit(2_004)).toBeUndefined();
    });

    it('tells late from in time', () => {
      const { circuit, trip } = circuitOf();
      const began = circuit.generation;
      expect(circuit.isLate(began)).toBe(false);
      trip(0);
      expect(circuit.isLate(began)).toBe(true);
      expect(circuit.isLate(circuit.generation)).toBe(false);
    });

    it('ignores what began before a reset', () => {
      const { circuit, moves } = circuitOf({ failureThreshold: 1 });
      const old = circuit.generation;
      circuit.reset(0);
      circuit.failure(old, 1, false, 0);
      expect(moves).toEqual(['0: closed > closed (reset)']);
    });
  });

  describe('isolated', () => {
    it('refuses until the last hold is released, then closes', () => {
      const { circuit, moves } = circuitOf();
      const one = circuit.isolate(1);
      const two = circuit.isolate(2);
      circuit.release(one, 3);
      expect(circuit.admit(3)).toBe('isolated');
      circuit.release(two, 4);
      expect(circuit.admit(4)).toBeUndefined();
      expect(moves).toEqual(['1: closed > isolated (isolate)', '4: isolated > closed (release)']);
    });

    it('ramps up after its release, as after any recovery', () => {
      const { circuit } = circuitOf({ rampUpMs: 1_000, random: () => 0.5 });
      circuit.release(circuit.isolate(0), 100);
      expect(circuit.admit(100)).toBe('shed');
      expect(circuit.admit(1_100)).toBeUndefined();
    });

    it('closes an open circuit after its release', () => {
      const { circuit, trip } = circuitOf();
      trip(0);
      circuit.release(circuit.isolate(1), 2);
      expect(circuit.state.name).toBe('closed');
    });

    it('outlives no reset: holds of before do nothing after it', () => {
      const { circuit } = circuitOf();
      const before = circuit.isolate(0);
      circuit.reset(1);
      expect(circuit.admit(1)).toBeUndefined();
      const after = circuit.isolate(2);
      circuit.release(before, 3);
      expect(circuit.admit(3)).toBe('isolated');
      circuit.release(after, 4);
      expect(circuit.admit(4)).toBeUndefined();
    });
  });

  describe('disabled', () => {
    it('counts nothing until the last hold is released, then closes anew', () => {
      const { circuit, moves, trip } = circuitOf();
      trip(0);
      const one = circuit.disable(1);
      const two = circuit.disable(2);
      for (let failure = 0; failure < 9; failure++) circuit.failure(circuit.generation, 2, false, 0);
      circuit.release(one, 3);
      expect(circuit.state.name).toBe('disabled');
      circuit.release(two, 4);
      expect(moves.slice(1)).toEqual(['1: open > disabled (disable)', '4: disabled > closed (release)']);
    });

    it('yields to an isolation, and returns after it', () => {
      const { circuit } = circuitOf();
      const disabled = circuit.disable(0);
      const isolated = circuit.isolate(1);
      expect(circuit.admit(1)).toBe('isolated');
      circuit.release(isolated, 2);
      expect(circuit.state.name).toBe('disabled');
      circuit.release(disabled, 3);
      expect(circuit.state.name).toBe('closed');
    });

    it('begins after the isolation that it is called in', () => {
      const { circuit, moves } = circuitOf();
      const isolated = circuit.isolate(0);
      const disabled = circuit.disable(1);
      expect(circuit.disable(2)).toBe(disabled);
      expect(circuit.admit(2)).toBe('isolated');
      circuit.release(disabled, 3);
      circuit.release(isolated, 4);
      expect(circuit.state.name).toBe('disabled');
      circuit.release(disabled, 5);
      expect(moves).toEqual([
        '0: closed > isolated (isolate)',
        '4: isolated > disabled (release)',
        '5: disabled > closed (release)',
      ]);
    });

    it('is over when it is released within an isolation', () => {
      const { circuit } = circuitOf();
      const disabled = circuit.disable(0);
      const isolated = circuit.isolate(1);
      circuit.release(disabled, 2);
      expect(circuit.admit(2)).toBe('isolated');
      circuit.release(isolated, 3);
      expect(circuit.state.name).toBe('closed');
    });

    it('can be asked for again within an isolation after it was over', () => {
      const { circuit } = circuitOf();
      const first = circuit.disable(0);
      const isolated = circuit.isolate(1);
      circuit.release(first, 2);
      const second = circuit.disable(3);
      expect(second).not.toBe(first);
      circuit.release(isolated, 4);
      expect(circuit.state).toBe(second);
    });
  });

  it('resets to closed without a ramp-up, with nothing counted', () => {
    const { circuit, trip } = circuitOf({ rampUpMs: 1_000, random: () => 0.99, recoveryMultiplier: 2 });
    trip(0);
    circuit.admit(1_000);
    trip(1_000);
    circuit.reset(1_001);
    expect(circuit.admit(1_001)).toBeUndefined();
    expect(circuit.state).toMatchObject({ failures: 0 });
    trip(1_002);
    expect(circuit.state).toMatchObject({ attempts: 1 });
  });

  it('goes on in a state that it is given, and fences what began before', () => {
    const { circuit, moves } = circuitOf({ failureThreshold: 1 });
    const old = circuit.generation;
    circuit.restore(new Open('failures', 0, 500, 4), 100);
    expect(circuit.isLate(old)).toBe(true);
    expect(circuit.admit(499)).toBe('open');
    expect(circuit.admit(500)).toBeUndefined();
    expect(moves[0]).toBe('100: closed > open (restore)');
  });

  it('ramps up after a recovery', () => {
    const { circuit, trip, succeed } = circuitOf({ rampUpMs: 1_000, random: () => 0.5 });
    trip(0);
    circuit.admit(1_000);
    succeed(1_200);
    succeed(1_200);
    expect(circuit.admit(1_200)).toBe('shed');
    expect(circuit.admit(1_700)).toBeUndefined();
  });
});
