import { describe, expect, it } from 'vitest';
import { Circuit } from './circuit.js';
import { Open } from './open.js';
import { type CircuitBreakerOptions, circuitSettings } from './settings.js';

function circuitOf(options: CircuitBreakerOptions = {}) {
  const moves: string[] = [];
  const allowed = { probes: Number.POSITIVE_INFINITY };
  let generation = 0;
  const circuit: Circuit = new Circuit({
    settings: circuitSettings(
      { failureThreshold: 2, successThreshold: 2, recoveryTimeoutMs: 1_000, ...options },
      'test',
    ),
    nextGeneration: () => ++generation,
    probes: () => allowed.probes,
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
  return { circuit, moves, allowed, trip, succeed };
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

  describe('on a hint from outside', () => {
    it('opens for the time it is told, and what began before counts no more', () => {
      const { circuit, moves } = circuitOf();
      const began = circuit.generation;
      expect(circuit.trip(10, 300, 1)).toBe(true);
      circuit.failure(began, 20, false, 0);
      circuit.success(began, 20, false);
      expect(circuit.admit(309)).toBe('open');
      expect(circuit.admit(310)).toBeUndefined();
      expect(moves).toEqual(['10: closed > open (hint)', '310: open > half-open (recovery-timeout)']);
    });

    it('opens for as long as the settings say when it is told no time, and never for longer than they allow', () => {
      const open = (openMs: number | undefined, attempts: number) => {
        const { circuit } = circuitOf({ recoveryMultiplier: 2, maxRecoveryTimeoutMs: 5_000 });
        circuit.trip(0, openMs, attempts);
        return (circuit.state as Open).untilMs;
      };
      expect([open(undefined, 1), open(undefined, 2), open(undefined, 50), open(1e9, 1), open(0, 1)]).toEqual([
        1_000, 2_000, 5_000, 5_000, 0,
      ]);
    });

    it('stays open for longer, never for less, and its backoff goes on from what others know', () => {
      const { circuit, moves, trip } = circuitOf({ recoveryMultiplier: 2 });
      trip(0);
      const before = circuit.generation;
      expect(circuit.trip(100, 500, 1)).toBe(true);
      expect(circuit.generation).toBe(before);
      circuit.trip(100, 2_000, 3);
      expect(circuit.state).toMatchObject({ cause: 'hint', untilMs: 2_100, attempts: 3 });
      circuit.trip(200, 100, 1);
      expect(circuit.state).toMatchObject({ untilMs: 2_100, attempts: 3 });
      circuit.admit(2_100);
      trip(2_200);
      expect(circuit.state).toMatchObject({ cause: 'probe-failed', untilMs: 2_200 + 8_000, attempts: 4 });
      expect(moves.filter((move) => move.includes('hint'))).toEqual(['100: open > open (hint)']);
    });

    it('takes a half-open circuit back to open without counting an attempt', () => {
      const { circuit, trip, succeed } = circuitOf();
      trip(0);
      circuit.admit(1_000);
      const probe = circuit.generation;
      circuit.trip(1_100, 200, 1);
      expect(circuit.state).toMatchObject({ name: 'open', untilMs: 1_300, attempts: 1 });
      circuit.success(probe, 1_150, false);
      circuit.success(probe, 1_160, false);
      circuit.giveBack(probe);
      expect(circuit.admit(1_299)).toBe('open');
      expect(circuit.admit(1_300)).toBeUndefined();
      succeed(1_310);
      succeed(1_320);
      expect(circuit.state.name).toBe('closed');
    });

    it('closes with its ramp-up, from open and from half-open, and has nothing to close otherwise', () => {
      const { circuit, moves, trip } = circuitOf({ rampUpMs: 100, random: () => 0.5 });
      expect(circuit.recover(0)).toBe(false);
      trip(0);
      expect(circuit.recover(10)).toBe(true);
      expect(circuit.admit(11)).toBe('shed');
      expect(circuit.admit(110)).toBeUndefined();
      trip(200);
      circuit.admit(1_200);
      expect(circuit.recover(1_210)).toBe(true);
      expect(moves.filter((move) => move.includes('hint'))).toEqual([
        '10: open > closed (hint)',
        '1210: half-open > closed (hint)',
      ]);
    });

    it.each(['isolate', 'disable'] as const)('does nothing while somebody has it by hand (%s)', (order) => {
      const { circuit } = circuitOf();
      circuit[order](0);
      const { state } = circuit;
      expect(circuit.trip(1, 100, 1)).toBe(false);
      expect(circuit.recover(2)).toBe(false);
      expect(circuit.state).toBe(state);
    });
  });

  describe('with a say in its probes', () => {
    it('stays open while none is allowed, however long its time is up', () => {
      const { circuit, allowed, trip } = circuitOf();
      trip(0);
      allowed.probes = 0;
      expect(circuit.admit(1_000)).toBe('open');
      expect(circuit.admit(1e9)).toBe('open');
      expect(circuit.state).toMatchObject({ untilMs: 1_000, attempts: 1 });
      allowed.probes = 1;
      expect(circuit.admit(1e9)).toBeUndefined();
    });

    it('lets no more run at once than are allowed at that moment, nor than the settings say', () => {
      const { circuit, allowed, trip } = circuitOf({ maxProbes: 2 });
      trip(0);
      allowed.probes = 1;
      expect([circuit.admit(1_000), circuit.admit(1_000)]).toEqual([undefined, 'probing']);
      allowed.probes = 10;
      expect([circuit.admit(1_001), circuit.admit(1_001)]).toEqual([undefined, 'probing']);
      circuit.giveBack(circuit.generation);
      allowed.probes = 0;
      expect(circuit.admit(1_002)).toBe('probing');
    });

    it('gives a hung probe up also when fewer are allowed than the settings say', () => {
      const { circuit, allowed, trip } = circuitOf({ maxProbes: 3, probeTimeoutMs: 300 });
      trip(0);
      allowed.probes = 1;
      circuit.admit(1_000);
      expect(circuit.admit(1_299)).toBe('probing');
      expect(circuit.admit(1_300)).toBe('open');
      expect(circuit.state).toMatchObject({ cause: 'probe-timeout', attempts: 2 });
    });

    it('blames nobody when none is allowed any more and none runs', () => {
      const { circuit, allowed, trip } = circuitOf({ probeTimeoutMs: 300 });
      trip(0);
      circuit.admit(1_000);
      circuit.giveBack(circuit.generation);
      allowed.probes = 0;
      expect(circuit.admit(9_000)).toBe('probing');
      expect(circuit.state.name).toBe('half-open');
      allowed.probes = 1;
      expect(circuit.admit(9_001)).toBeUndefined();
    });
  });
});
