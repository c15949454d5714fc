import { settle } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Probe } from '../probes/probe.js';
import { answersAfter, hangs, makeRunner, probeOf, targetOf } from './rig.suite.js';
import { TargetState } from './target-state.js';
import type { Turn } from './turn.js';

const CORE = { key: 'core', concurrent: 2 };

describe('a turn of a target with a limit', () => {
  let rig: ReturnType<typeof makeRunner>;
  beforeEach(() => {
    rig = makeRunner();
  });

  const stateOf = (name: string, probe: Probe, overrides = {}) =>
    new TargetState(targetOf(name, { limit: CORE, ...overrides }), probe);
  const begin = (state: TargetState, patienceMs = 5_000): Promise<Turn> =>
    rig.runner.run(state, { instantMs: rig.clock.wall(), patienceMs });

  it('waits for its turn, and holds no slot meanwhile', async () => {
    const turns = [1, 2, 3].map((n) => begin(stateOf(`t${n}`, probeOf(answersAfter(rig.clock, 300)))));
    await rig.clock.advance(299);
    expect(rig.slots.inUse).toBe(2);
    await rig.clock.advance(1);
    expect(rig.slots.inUse).toBe(1);
    await rig.clock.advance(300);
    expect((await Promise.all(turns)).map(({ outcome, delayMs }) => [outcome, delayMs])).toEqual([
      ['up', 0],
      ['up', 0],
      ['up', 300],
    ]);
    expect(rig.slots.inUse).toBe(0);
  });

  it('keeps nobody waiting who has another limit, or none', async () => {
    const held = [1, 2].map((n) => begin(stateOf(`t${n}`, probeOf(hangs(rig.clock)))));
    const quick = probeOf(answersAfter(rig.clock, 10));
    const others = [
      begin(new TargetState(targetOf('free'), quick)),
      begin(stateOf('other', quick, { limit: { key: 'edge', concurrent: 1 } })),
    ];
    await rig.clock.advance(10);
    expect((await Promise.all(others)).map(({ outcome }) => outcome)).toEqual(['up', 'up']);
    await rig.clock.advance(5_050);
    expect((await Promise.all(held)).map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout']);
  });

  it('is missed in words that name the limit when no permit comes in its patience', async () => {
    const held = [1, 2].map((n) => begin(stateOf(`t${n}`, probeOf(hangs(rig.clock)))));
    const state = stateOf('late', probeOf(answersAfter(rig.clock, 10)));
    const late = begin(state, 1_000);
    await rig.clock.advance(1_000);
    expect(await late).toMatchObject({
      outcome: 'missed',
      durationMs: undefined,
      error: {
        code: 'missed',
        message: 'no permit of the limit core (2 at once) came free before the next turn was nearer',
      },
    });
    expect(state.running).toBe(false);
    await rig.clock.advance(5_000);
    await Promise.all(held);
  });

  it('is missed when the collector drains while it waits', async () => {
    const held = [1, 2].map((n) => begin(stateOf(`t${n}`, probeOf(answersAfter(rig.clock, 2_000)))));
    const waiting = begin(stateOf('t3', probeOf(answersAfter(rig.clock, 10))));
    await settle();
    rig.runner.dismiss();
    expect(await waiting).toMatchObject({
      outcome: 'missed',
      error: { message: 'it waited for the limit core when it was given up' },
    });
    await rig.clock.advance(2_000);
    await Promise.all(held);
  });

  it('holds its permit until its probe has really settled', async () => {
    const deaf = () => new Promise<[]>((resolve) => rig.clock.after(9_000, () => resolve([])));
    const limit = { key: 'one', concurrent: 1 };
    const first = begin(stateOf('deaf', probeOf(deaf), { limit }));
    await rig.clock.advance(5_050);
    expect((await first).outcome).toBe('timeout');
    const second = begin(stateOf('next', probeOf(answersAfter(rig.clock, 10)), { limit }));
    await rig.clock.advance(3_949);
    expect(rig.slots.inUse).toBe(1);
    await rig.clock.advance(11);
    expect(await second).toMatchObject({ outcome: 'up', delayMs: 3_950 });
  });

  it('gives its permit back when it gets no slot', async () => {
    rig = makeRunner({ slots: 1 });
    const blocking = begin(new TargetState(targetOf('blocking'), probeOf(answersAfter(rig.clock, 2_000))));
    const limit = { key: 'one', concurrent: 1 };
    const first = begin(stateOf('a', probeOf(answersAfter(rig.clock, 10)), { limit }), 500);
    await rig.clock.advance(500);
    expect((await first).outcome).toBe('missed');
    const second = begin(stateOf('b', probeOf(answersAfter(rig.clock, 10)), { limit }));
    await rig.clock.advance(2_000);
    expect((await second).outcome).toBe('up');
    await blocking;
  });

  it('tells how each limit stands', async () => {
    rig.limits.plan([targetOf('z', { limit: { key: 'edge', concurrent: 1 } }), targetOf('a', { limit: CORE })]);
    const held = [1, 2, 3].map((n) => begin(stateOf(`t${n}`, probeOf(answersAfter(rig.clock, 300)))));
    await settle();
    const none = { reach: 'process', mode: 'process', why: null };
    expect(rig.limits.standings()).toEqual([
      { key: 'core', concurrent: 2, permits: 2, inUse: 2, queued: 1, ...none },
      { key: 'edge', concurrent: 1, permits: 1, inUse: 0, queued: 0, ...none },
    ]);
    await rig.clock.advance(600);
    await Promise.all(held);
  });

  it('follows a file that changes the limit', async () => {
    const wide = { key: 'core', concurrent: 4 };
    rig.limits.plan([targetOf('a', { limit: wide })]);
    const turns = [1, 2, 3, 4].map((n) =>
      begin(stateOf(`t${n}`, probeOf(answersAfter(rig.clock, 10)), { limit: wide })),
    );
    await rig.clock.advance(1);
    expect(rig.slots.inUse).toBe(4);
    await rig.clock.advance(10);
    await Promise.all(turns);
    rig.limits.plan([]);
    const measured: string[] = [];
    rig.limits.measure(({ name }) => measured.push(name));
    expect(measured).toEqual([]);
  });
});
