import { owner, type Standing } from '@breakwater/fleet';
import { settle } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { targetOf } from '../flow/rig.suite.js';
import type { Target } from '../targets/target.js';
import { type Replica, Replicas, STEP_MS } from './replicas.suite.js';

const INTERVAL_MS = 4_000;
const LEASE_MS = 6_000;
const TARGETS = Array.from({ length: 24 }, (_, index) =>
  targetOf(`t-${index + 1}`, { intervalMs: INTERVAL_MS, timeoutMs: 3_000 }),
);
const member = (...ids: string[]): Standing => ({ kind: 'member', ids });
const joining = (...ids: string[]): Standing => ({ kind: 'joining', ids, kept: 'nothing' });
const wonBy = (id: string, ...ids: string[]) => TARGETS.filter(({ name }) => owner(name, ids) === id);

describe('replicas that share a targets file', () => {
  let replicas: Replicas;
  let a: Replica;
  let b: Replica;

  const polledBy = ({ rig }: Replica) => new Set(rig.collector.names());
  const names = (targets: readonly Target[]) => new Set(targets.map(({ name }) => name));

  /** The newcomer waits until each of the others has let go. */
  const join = async (newcomer: Replica, ...others: Replica[]) => {
    const ids = [newcomer, ...others].map(({ id }) => id);
    await newcomer.tell(joining(...ids));
    const letGo = Promise.all(others.map((each) => each.tell(member(...ids))));
    let over = false;
    void letGo.then(() => {
      over = true;
    });
    for (await settle(); !over; ) await replicas.advance(50);
    await newcomer.tell(member(...ids));
  };

  /** But for what fell due last: it may run, or not be written yet. */
  const everyTurnOnce = (targets: readonly Target[] = TARGETS) => {
    const untilMs = replicas.wallMs - INTERVAL_MS;
    for (const target of targets) {
      const points = replicas.points(target, 'up').filter((instant) => instant <= untilMs);
      expect(points, target.name).toEqual(replicas.instants(target, replicas.startedMs, untilMs));
    }
    const which = names(targets);
    expect(replicas.clashes().filter(([{ target }]) => which.has(target))).toEqual([]);
  };

  const begin = async (answersMs?: (target: Target) => number) => {
    replicas = new Replicas(TARGETS, answersMs);
    a = replicas.add('a');
    await a.tell(member('a'));
  };

  beforeEach(() => begin());

  it('poll nothing before they joined', async () => {
    b = replicas.add('b');
    await replicas.advance(INTERVAL_MS);
    expect(polledBy(b).size).toBe(0);
    expect(polledBy(a).size).toBe(TARGETS.length);
  });

  it('hand targets over to who joins, and lose and double no turn', async () => {
    await replicas.advance(10_000);
    b = replicas.add('b');
    await join(b, a);
    expect(polledBy(b)).toEqual(names(wonBy('b', 'a', 'b')));
    expect(polledBy(a)).toEqual(names(wonBy('a', 'a', 'b')));
    await replicas.advance(10_000);
    const c = replicas.add('c');
    await join(c, a, b);
    await replicas.advance(10_000);
    everyTurnOnce();
    expect(new Set(replicas.polls.map(({ replica }) => replica))).toEqual(new Set(['a', 'b', 'c']));
  });

  it('take over from who leaves, at once', async () => {
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    await b.tell({ kind: 'out' });
    expect(polledBy(b).size).toBe(0);
    await a.tell(member('a'));
    await replicas.advance(10_000);
    everyTurnOnce();
  });

  it('lose no turn to one that drains while its last turns take a while', async () => {
    await begin(() => 1_500);
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    let stoppedMs: number | undefined;
    void b.rig.collector.drain(10_000, (instantMs) => {
      stoppedMs = instantMs;
    });
    while (stoppedMs === undefined) await replicas.advance(STEP_MS);
    expect(replicas.wallMs - stoppedMs).toBeGreaterThan(300);
    await a.tell(member('a'), stoppedMs);
    await replicas.advance(10_000);
    everyTurnOnce();
  });

  it('lose no turn that falls due while they are too busy to take it', async () => {
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    const before = replicas.polls.length;
    for (const { rig } of replicas.all) rig.clock.stall(400);
    replicas.wallMs += 400;
    const c = replicas.add('c');
    await join(c, a, b);
    await replicas.advance(10_000);
    expect(replicas.polls.length).toBeGreaterThan(before);
    everyTurnOnce();
  });

  it('take over from the dead when its lease is over, with the first turn since', async () => {
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    b.stopped = true;
    const diedMs = replicas.wallMs;
    await replicas.advance(LEASE_MS);
    const overMs = replicas.wallMs;
    // It is heard of a moment later.
    await replicas.advance(1_000);
    await a.tell(member('a'), overMs);
    await replicas.advance(10_000);
    everyTurnOnce(wonBy('a', 'a', 'b'));
    for (const target of wonBy('b', 'a', 'b')) {
      const missing = replicas.instants(target, diedMs, overMs);
      const expected = replicas.instants(target).filter((instant) => !missing.includes(instant));
      const settledMs = replicas.wallMs - INTERVAL_MS;
      const upTo = (instants: readonly number[]) => instants.filter((instant) => instant <= settledMs);
      expect(upTo(replicas.points(target, 'up')), target.name).toEqual(upTo(expected));
    }
  });

  it('begin no turn when they wake up without their lease, and end those that were under way', async () => {
    await begin(() => 2_500);
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    const theirs = wonBy('b', 'a', 'b');
    const runs = () => theirs.filter(({ name }) => [...b.rig.collector.status()].find((s) => s.name === name)?.running);
    for (let step = 0; step < 100 && runs().length === 0; step++) await replicas.advance(50);
    b.stopped = true;
    await replicas.advance(LEASE_MS);
    await a.tell(member('a'));
    await replicas.advance(10_000);
    const before = replicas.polls.filter(({ replica }) => replica === 'b').length;
    const underWay = b.rig.collector.underWay;
    expect(underWay).toBeGreaterThan(0);
    b.stopped = false;
    b.holds = false;
    const woken = b.rig.clock.advance(0);
    const told = b.tell({ kind: 'unsure' });
    await woken;
    await b.rig.clock.advance(100);
    await told;
    expect([polledBy(b).size, b.rig.collector.underWay]).toEqual([0, 0]);
    expect(replicas.polls.filter(({ replica }) => replica === 'b')).toHaveLength(before);
    b.holds = true;
    await join(b, a);
    await replicas.advance(10_000);
    everyTurnOnce(wonBy('a', 'a', 'b'));
    for (const target of theirs) expect(new Set(replicas.points(target)).size).toBe(replicas.points(target).length);
  });

  it('leave turns alone while nobody knows whether the lease holds, and take them when it does', async () => {
    await replicas.advance(10_000);
    a.holds = false;
    await replicas.advance(1_500);
    const during = replicas.polls.filter(({ fromMs }) => fromMs > replicas.wallMs - 1_400);
    expect(during).toEqual([]);
    a.holds = true;
    await replicas.advance(10_000);
    everyTurnOnce();
  });

  it('count the turns that they left to the next owner', async () => {
    await replicas.advance(10_000);
    a.holds = false;
    await replicas.advance(INTERVAL_MS);
    await a.tell({ kind: 'unsure' });
    const told = new Map<string, unknown>();
    a.rig.collector.measure(({ name }, _labels, value) => told.set(name, value));
    expect(told.get('telemetry_turns_left_total')).toBe(TARGETS.length);
    expect(a.rig.account.count('missed')).toBe(0);
  });

  it('poll everything when Redis is gone, and share again when it is back', async () => {
    b = replicas.add('b');
    await join(b, a);
    await replicas.advance(10_000);
    for (const each of [a, b]) await each.tell({ kind: 'alone', sinceMs: replicas.wallMs });
    await replicas.advance(10_000);
    expect([polledBy(a).size, polledBy(b).size]).toEqual([24, 24]);
    for (const each of [b, a]) await each.tell({ kind: 'joining', ids: ['a', 'b'], kept: 'everything' });
    for (const each of [b, a]) await each.tell(member('a', 'b'));
    const backMs = replicas.wallMs;
    await replicas.advance(10_000);
    for (const target of TARGETS) {
      const points = replicas.points(target, 'up').filter((instant) => instant <= replicas.wallMs - INTERVAL_MS);
      const expected = replicas.instants(target, replicas.startedMs, replicas.wallMs - INTERVAL_MS);
      expect([...new Set(points)], target.name).toEqual(expected);
      const since = points.filter((instant) => instant > backMs);
      expect(since).toEqual(expected.filter((instant) => instant > backMs));
    }
  });

  it('do not count turns that nobody took before they were there', async () => {
    b = replicas.add('b');
    await b.tell({ kind: 'alone', sinceMs: b.wallMs }, b.wallMs - 3_600_000);
    await replicas.advance(INTERVAL_MS);
    expect(b.rig.account.count('missed')).toBe(0);
    expect(b.rig.account.count('up')).toBeGreaterThan(0);
  });

  it('take up what they gained bit by bit, but for what was lost or removed meanwhile', async () => {
    b = replicas.add('b');
    const now = vi.spyOn(performance, 'now');
    let readMs = 0;
    // Each slice is used up by one target.
    now.mockImplementation(() => (readMs += 10));
    void b.share.onStanding({ standing: member('b'), sinceMs: b.wallMs }, new AbortController().signal);
    const [gone, changed] = wonBy('b', 'a', 'b').slice(-2);
    b.share.apply({ added: [], changed: [{ ...changed!, timeoutMs: 1 }], removed: [gone!] });
    void b.share.onStanding({ standing: member('a', 'b'), sinceMs: b.wallMs }, new AbortController().signal);
    expect(polledBy(b).size).toBeLessThan(3);
    await b.settled();
    now.mockRestore();
    const theirs = names(wonBy('b', 'a', 'b'));
    theirs.delete(gone!.name);
    expect(polledBy(b)).toEqual(theirs);
    expect(b.share.has(gone!.name)).toBe(false);
    const listed = new Map([...b.rig.collector.status()].map(({ name, timeoutMs }) => [name, timeoutMs]));
    expect(listed.get(changed!.name)).toBe(1);
  });

  describe('letting go', () => {
    it('waits for the turns that are under way', async () => {
      await begin(() => 1_000);
      await replicas.advance(8_000);
      let over = false;
      const told = a.tell(member('a', 'b')).then(() => {
        over = true;
      });
      expect(a.rig.collector.underWay).toBeGreaterThan(0);
      const lost = names(wonBy('b', 'a', 'b'));
      const sinceMs = replicas.wallMs;
      while (!over) await replicas.advance(50);
      await told;
      const late = replicas.polls.filter(({ target, toMs }) => lost.has(target) && toMs > replicas.wallMs);
      expect(late).toEqual([]);
      expect(replicas.wallMs - sinceMs).toBeGreaterThan(0);
      expect(replicas.wallMs - sinceMs).toBeLessThanOrEqual(1_000);
      expect(replicas.polls.filter(({ target, fromMs }) => lost.has(target) && fromMs > sinceMs)).toEqual([]);
    });

    it('ends them when that takes too long, and says why', async () => {
      await begin(() => 2_900);
      await replicas.advance(8_000);
      const leave = new AbortController();
      let over = false;
      const told = a.tell({ kind: 'out' }, undefined, leave.signal).then(() => {
        over = true;
      });
      const underWay = a.rig.collector.underWay;
      await replicas.advance(50);
      expect(over).toBe(false);
      const aborted = a.rig.account.count('aborted');
      leave.abort();
      await replicas.advance(100);
      await told;
      expect(a.rig.collector.underWay).toBe(0);
      expect(a.rig.account.count('aborted') - aborted).toBeGreaterThan(0);
      expect(a.rig.account.count('aborted') - aborted).toBeLessThanOrEqual(underWay);
    });

    it('ends them at once when the lease is over already', async () => {
      await begin(() => 2_900);
      await replicas.advance(8_000);
      const told = a.tell({ kind: 'unsure' });
      expect(a.rig.collector.underWay).toBeGreaterThan(0);
      await replicas.advance(100);
      await told;
      expect(a.rig.collector.underWay).toBe(0);
      expect(a.rig.account.count('aborted')).toBeGreaterThan(0);
    });

    it('goes on with a target that comes back before its turn was over', async () => {
      await begin(() => 2_500);
      await replicas.advance(8_000);
      const told = a.tell(member('a', 'b'));
      await a.tell(member('a'));
      await replicas.advance(10_000);
      await told;
      everyTurnOnce();
      expect(a.rig.account.count('overlap')).toBe(0);
    });
  });
});
