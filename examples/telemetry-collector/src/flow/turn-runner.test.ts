import type { Context } from '@breakwater/resilience';
import { settle } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Probe, ProbeError } from '../probes/probe.js';
import { answersAfter, fails, hangs, makeRunner, probeOf, READING, targetOf } from './rig.suite.js';
import { TargetState } from './target-state.js';
import type { Turn } from './turn.js';

describe('a turn', () => {
  let rig: ReturnType<typeof makeRunner>;
  beforeEach(() => {
    rig = makeRunner();
  });

  const stateOf = (probe: Probe, name = 'web', overrides = {}) => new TargetState(targetOf(name, overrides), probe);
  /** As after a run that timed out. */
  const hung = (state: TargetState) =>
    state.standing.ended({ outcome: 'timeout', durationMs: 5_000, stalledMs: 0 } as Turn);
  const order = (patienceMs = 5_000) => ({ instantMs: rig.clock.wall(), patienceMs });
  const begin = (state: TargetState, patienceMs?: number) => {
    const turn = rig.runner.run(state, order(patienceMs)).then((over) => {
      state.record(over);
      return over;
    });
    return turn;
  };
  /** Takes a turn, and lets time pass until it is over. */
  const take = async (state: TargetState, ms = 60_000): Promise<Turn> => {
    const turn = begin(state);
    await rig.clock.advance(ms);
    return turn;
  };

  it('that is measured is up, with its readings, its delay and its duration', async () => {
    const state = stateOf(probeOf(answersAfter(rig.clock, 300)));
    const instantMs = rig.clock.wall() - 20;
    const turn = rig.runner.run(state, { instantMs, patienceMs: 5_000 });
    expect(state.running).toBe(true);
    await rig.clock.advance(300);
    expect(await turn).toEqual({
      target: state.target,
      instantMs,
      outcome: 'up',
      delayMs: 20,
      durationMs: 300,
      error: undefined,
      readings: [READING],
      stalledMs: 0,
    });
    expect([state.running, rig.slots.inUse]).toEqual([false, 0]);
  });

  it('runs the operations of a probe side by side, in operation slots of their target', async () => {
    rig = makeRunner({ operations: 2 });
    let running = 0;
    let most = 0;
    const operation = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => rig.clock.after(100, resolve));
      running--;
      return [READING];
    };
    const turn = await take(stateOf(probeOf(...Array.from({ length: 5 }, () => operation))));
    expect(turn).toMatchObject({ outcome: 'up', durationMs: 300 });
    expect(turn.readings).toHaveLength(5);
    expect(most).toBe(2);
  });

  it('that fails is down, with the code and the words of the probe, and what it measured all the same', async () => {
    const failing = async () => {
      throw new ProbeError('unexpected-status', 'web: 503', { readings: [READING] });
    };
    expect(await take(stateOf(probeOf(failing)))).toMatchObject({
      outcome: 'down',
      error: { code: 'unexpected-status', message: 'web: 503' },
      readings: [READING],
    });
  });

  it('is partial when some operations measure and others fail', async () => {
    const state = stateOf(probeOf(answersAfter(rig.clock, 10), fails('malformed', 'ifTable: broken')));
    expect(await take(state)).toMatchObject({
      outcome: 'partial',
      error: { code: 'malformed' },
      readings: [READING],
    });
  });

  it("that has no answer in the target's time is a timeout, told in the probe's words", async () => {
    const state = stateOf(probeOf(hangs(rig.clock)), 'web', { timeoutMs: 800 });
    expect(await take(state, 800)).toMatchObject({
      outcome: 'timeout',
      durationMs: 800,
      error: { code: 'timeout', message: 'no answer while connecting' },
    });
  });

  it('keeps what some operations measured before another timed out', async () => {
    const state = stateOf(probeOf(answersAfter(rig.clock, 10), hangs(rig.clock)));
    expect(await take(state)).toMatchObject({ outcome: 'timeout', readings: [READING] });
  });

  it('that is over runs no operation that still waited for its slot', async () => {
    rig = makeRunner({ operations: 1 });
    let begun = 0;
    const operation = (context: Context) => {
      begun++;
      return hangs(rig.clock)(context);
    };
    expect((await take(stateOf(probeOf(operation, operation)))).outcome).toBe('timeout');
    expect([begun, rig.operationSlots.inUse, rig.operationSlots.queued]).toEqual([1, 0, 0]);
  });

  it('is concluded although a probe ignores its signal; the slot and the target stay taken until it settles', async () => {
    const deaf = () => new Promise<[]>((resolve) => rig.clock.after(9_000, () => resolve([])));
    const state = stateOf(probeOf(deaf));
    const turn = begin(state);
    await rig.clock.advance(5_050);
    expect((await turn).error?.message).toContain('no result after 5000 ms');
    expect([state.running, rig.slots.inUse, rig.slots.slowInUse]).toEqual([true, 1, 1]);
    await rig.clock.advance(4_000);
    expect([state.running, rig.slots.inUse, rig.slots.slowInUse]).toEqual([false, 0, 0]);
  });

  it('of a probe that throws what it must not is down, as an internal error', async () => {
    const broken = () => {
      throw new TypeError('x is undefined');
    };
    expect(await take(stateOf(probeOf(broken)))).toMatchObject({
      outcome: 'down',
      error: { code: 'internal', message: 'TypeError: x is undefined' },
    });
  });

  it('does not run when the circuit is open, and costs no slot', async () => {
    rig = makeRunner({ breaker: { failureThreshold: 3 } });
    let runs = 0;
    const probe = probeOf(async () => {
      runs++;
      throw new ProbeError('refused', 'web: nothing listens there');
    });
    const state = stateOf(probe);
    const outcomes = [];
    for (let count = 0; count < 5; count++) outcomes.push((await take(state, 10)).outcome);
    expect(outcomes).toEqual(['down', 'down', 'down', 'open', 'open']);
    expect(runs).toBe(3);
    expect(await take(state, 10)).toMatchObject({ durationMs: undefined, error: { code: 'open' } });
    expect([state.running, rig.slots.inUse]).toEqual([false, 0]);
  });

  it('is missed when no slot comes free in time, and the breaker hears nothing of it', async () => {
    rig = makeRunner({ slots: 1 });
    const waiting = stateOf(probeOf(answersAfter(rig.clock, 1)), 'waiting');
    void begin(stateOf(probeOf(answersAfter(rig.clock, 4_000))));
    const missed = begin(waiting, 2_000);
    await rig.clock.advance(2_000);
    expect(await missed).toMatchObject({ outcome: 'missed', durationMs: undefined, error: { code: 'missed' } });
    expect(waiting.running).toBe(false);
    expect([...rig.breaker.entries()]).toEqual([]);
  });

  describe('that is slow', () => {
    it('moves into the slow share after a second, and may finish there', async () => {
      const state = stateOf(probeOf(answersAfter(rig.clock, 3_000)));
      const turn = begin(state);
      await rig.clock.advance(999);
      expect(rig.slots.slowInUse).toBe(0);
      await rig.clock.advance(1);
      expect(rig.slots.slowInUse).toBe(1);
      await rig.clock.advance(2_000);
      expect((await turn).outcome).toBe('up');
      expect([state.standing.pace, rig.slots.slowInUse]).toEqual(['lingering', 0]);
    });

    it('ends at once, with an error that says so, when the slow share is full', async () => {
      const slow = [0, 1, 2].map((index) => stateOf(probeOf(hangs(rig.clock)), `slow-${index}`));
      const turns = slow.map((state) => begin(state));
      await rig.clock.advance(1_000);
      expect(await turns[2]).toMatchObject({
        outcome: 'slow-share-full',
        durationMs: 1_000,
        error: { code: 'slow-share-full', message: expect.stringContaining('2 of 8 slots') },
      });
      expect(slow.map((state) => state.running)).toEqual([true, true, false]);
      expect(slow[2]!.standing.pace).toBe('hanging');
    });

    it('is not held against the target when it was the full share that ended it', async () => {
      rig = makeRunner({ breaker: { failureThreshold: 1 } });
      const turns = [0, 1, 2].map((index) => begin(stateOf(probeOf(hangs(rig.clock)), `slow-${index}`)));
      await rig.clock.advance(1_000);
      await turns[2];
      expect(rig.breaker.state('slow-2')).toBe('closed');
      await rig.clock.advance(4_000);
      expect(rig.breaker.state('slow-1')).toBe('open');
    });

    it('starts in the slow share the next time, if it timed out', async () => {
      const state = stateOf(probeOf(hangs(rig.clock)));
      await take(state);
      expect(state.standing.pace).toBe('hanging');
      const next = begin(state);
      await rig.clock.advance(1);
      expect(rig.slots.slowInUse).toBe(1);
      await rig.clock.advance(10_000);
      await next;
    });

    it('has a second to show that it is well again, when the slow share is full', async () => {
      const states = [0, 1, 2].map((index) => stateOf(probeOf(hangs(rig.clock)), `slow-${index}`));
      for (const state of states) hung(state);
      void begin(states[0]!);
      void begin(states[1]!);
      const well = stateOf(probeOf(answersAfter(rig.clock, 5)), 'well');
      hung(well);
      const [ended, up] = [begin(states[2]!, 2_000), begin(well, 2_000)];
      await rig.clock.advance(1_000);
      expect(await ended).toMatchObject({ outcome: 'slow-share-full', durationMs: 1_000 });
      expect(await up).toMatchObject({ outcome: 'up', durationMs: 5 });
      expect([states[2]!.standing.pace, well.standing.pace]).toEqual(['hanging', 'prompt']);
    });

    it('waits for a place, and is refused with an error that says so', async () => {
      const states = [0, 1, 2, 3, 4].map((index) => stateOf(probeOf(hangs(rig.clock)), `slow-${index}`));
      for (const state of states) hung(state);
      for (const state of states.slice(0, 4)) void begin(state);
      const refused = begin(states[4]!, 500);
      await rig.clock.advance(500);
      expect(await refused).toMatchObject({ outcome: 'slow-share-full', durationMs: undefined });
      expect(states[4]!.standing.pace).toBe('hanging');
    });

    it('leaves the slow share as soon as it is prompt again', async () => {
      const state = stateOf(probeOf(answersAfter(rig.clock, 5)));
      hung(state);
      await take(state, 10);
      expect(state.standing.pace).toBe('prompt');
    });
  });

  describe('while the event loop stands still', () => {
    it('is flagged, and its timeout is not held against the target', async () => {
      rig = makeRunner({ breaker: { failureThreshold: 1 } });
      const state = stateOf(probeOf(hangs(rig.clock)));
      const turn = begin(state);
      await rig.clock.advance(100);
      rig.clock.stall(4_800);
      await rig.clock.advance(200);
      const over = await turn;
      expect(over.outcome).toBe('timeout');
      expect(over.stalledMs).toBeGreaterThan(4_000);
      expect(rig.breaker.state('web')).toBe('closed');
      expect(state.standing.pace).toBe('prompt');
    });
  });

  describe('when the collector stops', () => {
    it('is aborted if it runs, and missed if it only waits for a slot', async () => {
      rig = makeRunner({ slots: 1 });
      const turns = ['a', 'b'].map((name) => begin(stateOf(probeOf(hangs(rig.clock)), name)));
      await settle();
      rig.runner.stop();
      const [running, waiting] = await Promise.all(turns);
      expect([running!.outcome, waiting!.outcome]).toEqual(['aborted', 'missed']);
      expect([running!.durationMs, waiting!.durationMs]).toEqual([0, undefined]);
      expect(rig.slots.inUse).toBe(0);
    });

    it('may finish what runs: what waits for a slot is missed at once', async () => {
      rig = makeRunner({ slots: 1 });
      const turns = ['a', 'b'].map((name) => begin(stateOf(probeOf(answersAfter(rig.clock, 500)), name)));
      await settle();
      rig.runner.dismiss();
      expect((await turns[1]!).outcome).toBe('missed');
      await rig.clock.advance(500);
      expect((await turns[0]!).outcome).toBe('up');
    });
  });

  describe('of a target that another replica takes over', () => {
    it('is aborted if it runs, and missed if it only waits for a slot; those of others go on', async () => {
      rig = makeRunner({ slots: 2 });
      const states = ['a', 'b', 'c', 'd'].map((name) => stateOf(probeOf(answersAfter(rig.clock, 500)), name));
      const turns = states.map((state) => begin(state));
      await settle();
      rig.runner.end(({ name }) => name === 'a' || name === 'c', 'it is needed elsewhere');
      await rig.clock.advance(1_000);
      const over = await Promise.all(turns);
      expect(over.map(({ outcome }) => outcome)).toEqual(['aborted', 'up', 'missed', 'up']);
      expect(over[0]!.error).toEqual({ code: 'aborted', message: 'it is needed elsewhere' });
      expect(over[2]!.error?.message).toContain('hands the target over');
      expect([rig.slots.inUse, states.some(({ running }) => running)]).toEqual([0, false]);
    });

    it('does not begin when the lease was over before a slot came free', async () => {
      rig = makeRunner({ slots: 1 });
      const first = begin(stateOf(probeOf(answersAfter(rig.clock, 500)), 'a'));
      const probed: string[] = [];
      const state = stateOf(
        probeOf(async () => {
          probed.push('b');
          return [];
        }),
        'b',
      );
      let mayBegin = true;
      const second = rig.runner.run(state, { ...order(), mayBegin: () => mayBegin });
      await rig.clock.advance(400);
      mayBegin = false;
      await rig.clock.advance(200);
      expect((await first).outcome).toBe('up');
      expect(await second).toMatchObject({
        outcome: 'missed',
        durationMs: undefined,
        error: { message: expect.stringContaining('the lease of this replica was over') },
      });
      expect([probed, state.running, rig.slots.inUse]).toEqual([[], false, 0]);
    });
  });

  it('leaves no timer behind', async () => {
    await take(stateOf(probeOf(answersAfter(rig.clock, 10))));
    await take(stateOf(probeOf(hangs(rig.clock))));
    rig.clock.stall(0);
    await rig.clock.advance(60_000);
    expect(rig.clock.timers).toBe(0);
  });
});
