import { settle } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Probe } from '../probes/probe.js';
import { makeCollector, type RigOptions } from './collector-rig.suite.js';
import { answersAfter, fails, hangs, probeOf, targetOf } from './rig.suite.js';
import type { TargetStatus } from './status.js';

type Rig = ReturnType<typeof makeCollector>;

describe('the collector', () => {
  let rig: Rig;
  let probes: Map<string, Probe>;

  const begin = (names: readonly string[], options: Partial<RigOptions> = {}) => {
    rig = makeCollector({
      createProbe: ({ name }) => probes.get(name) ?? probeOf(answersAfter(rig.clock, 5)),
      ...options,
    });
    rig.collector.apply({ added: names.map((name) => targetOf(name)), changed: [], removed: [] });
    rig.collector.start();
  };
  const statusOf = (name: string): TargetStatus => [...rig.collector.status()].find((status) => status.name === name)!;
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `target-${index}`);

  beforeEach(() => {
    probes = new Map();
  });

  it('measures each target once in its interval, and writes what it measured and how each turn ended', async () => {
    begin(['a', 'b']);
    await rig.clock.advance(31_000);
    expect(rig.account.count('up')).toBe(6);
    expect(rig.sink.lines).toHaveLength(12);
    expect(statusOf('a')).toMatchObject({
      state: 'up',
      circuit: 'closed',
      slow: false,
      running: false,
      turns: { up: 3, down: 0, missed: 0 },
      last: { outcome: 'up', durationMs: 5, delayMs: 0, error: null },
      p95Ms: 5,
    });
  });

  it('says when the next turn of each target is', async () => {
    begin(['a']);
    await rig.clock.advance(10_000);
    const next = Date.parse(statusOf('a').nextTurn!);
    expect(next).toBeGreaterThan(rig.clock.wall());
    expect(next - Date.parse(statusOf('a').last!.at)).toBe(10_000);
  });

  it('does not begin a turn of a target while its last one runs, and says so', async () => {
    begin(['a']);
    const deaf = () => new Promise<[]>((resolve) => rig.clock.after(14_000, () => resolve([])));
    rig.collector.apply({ added: [targetOf('deaf', { timeoutMs: 9_000 })], changed: [], removed: [] });
    probes.set('deaf', probeOf(deaf));
    rig.collector.apply({ added: [], changed: [targetOf('deaf', { timeoutMs: 9_000 })], removed: [] });
    await rig.clock.advance(29_900);
    expect(statusOf('deaf').turns).toMatchObject({ timeout: 1, overlap: 1 });
    expect(statusOf('deaf').last?.outcome).toBe('timeout');
    expect(rig.sink.lines.filter((line) => line.startsWith('deaf overlap'))).toHaveLength(1);
  });

  it('counts the turns of an hour in which the machine slept, and takes none of them', async () => {
    begin(['a']);
    rig.clock.stall(3_600_000);
    await rig.clock.advance(20_000);
    const { turns } = statusOf('a');
    expect(turns.missed).toBeGreaterThanOrEqual(359);
    expect(turns.up).toBeLessThanOrEqual(3);
    expect(rig.account.count('missed')).toBe(turns.missed);
  });

  it('does not judge a target that comes back from elsewhere by what it knew of it before', async () => {
    begin([], { breaker: { failureThreshold: 2 } });
    probes.set('dead', probeOf(fails('refused', 'dead: nothing listens there')));
    const [dead, healthy] = [targetOf('dead'), targetOf('healthy')];
    rig.collector.apply({ added: [dead, healthy], changed: [], removed: [] });
    await rig.clock.advance(40_000);
    expect(rig.breaker.state('dead')).toBe('open');
    await rig.collector.release(['dead', 'unknown']).over;
    expect([rig.collector.has('dead'), rig.breaker.state('dead')]).toEqual([false, 'closed']);
    await rig.clock.advance(20_000);
    rig.collector.takeUp([{ target: dead, sinceMs: rig.clock.wall() }]);
    expect(statusOf('dead')).toMatchObject({ state: 'waiting', circuit: 'closed', last: null, turns: { down: 0 } });
    await rig.clock.advance(10_000);
    expect(statusOf('dead').turns).toMatchObject({ down: 1, missed: 0 });
    expect(statusOf('healthy').turns.up).toBeGreaterThanOrEqual(6);
  });

  it('asks what others know of a target that it takes up, before its first turn', async () => {
    const asked: string[] = [];
    begin([], {
      onTakenUp: (name) => {
        asked.push(name);
        rig.breaker.trip(name, { openMs: 60_000 });
      },
    });
    rig.collector.takeUp([{ target: targetOf('dead'), sinceMs: rig.clock.wall() }]);
    await rig.clock.advance(10_000);
    expect([asked, statusOf('dead').turns]).toMatchObject([['dead'], { open: 1, up: 0 }]);
  });

  it('begins no turn of what it releases, however long that takes, unless it comes back', async () => {
    const all = numbered(60);
    begin(all);
    await rig.clock.advance(9_000);
    const took = (name: string) => statusOf(name).turns.up;
    const before = rig.account.count('up');
    const late = statusOf(all.at(-1)!).turns.up;
    const atOnce = vi.spyOn(performance, 'now');
    let [readMs, over] = [0, false];
    // Each slice is used up by one target.
    atOnce.mockImplementation(() => (readMs += 10));
    void rig.collector.release(all).over.then(() => {
      over = true;
    });
    rig.collector.takeUp([{ target: targetOf(all.at(-1)!), sinceMs: rig.clock.wall() }]);
    await rig.clock.advance(0);
    expect([over, rig.collector.size]).toEqual([false, 58]);
    await rig.clock.advance(20_000);
    atOnce.mockRestore();
    expect([over, [...rig.collector.names()]]).toEqual([true, [all.at(-1)]]);
    expect(took(all.at(-1)!)).toBe(late + 2);
    expect(rig.account.count('up')).toBe(before + 2);
  });

  it('closes the probe of a target that it released when its turn is over, and not before', async () => {
    const closed: string[] = [];
    begin([]);
    probes.set('slow', { ...probeOf(answersAfter(rig.clock, 3_000)), close: () => void closed.push('slow') });
    probes.set('idle', { ...probeOf(answersAfter(rig.clock, 1)), close: () => void closed.push('idle') });
    rig.collector.apply({ added: [targetOf('slow'), targetOf('idle')], changed: [], removed: [] });
    const turns = rig.collector.collect(['slow']);
    await rig.clock.advance(1_000);
    const { over } = rig.collector.release(['slow', 'idle']);
    await rig.clock.advance(0);
    expect(closed).toEqual(['idle']);
    await rig.clock.advance(3_000);
    await over;
    expect(closed).toEqual(['idle', 'slow']);
    expect((await turns).map(({ outcome }) => outcome)).toEqual(['up']);
  });

  it('goes on with a target that comes back before its turn was over, as if it had never gone', async () => {
    begin([]);
    const slow = targetOf('slow');
    const closed: string[] = [];
    probes.set('slow', { ...probeOf(answersAfter(rig.clock, 3_000)), close: () => void closed.push('slow') });
    rig.collector.apply({ added: [slow], changed: [], removed: [] });
    const turns = rig.collector.collect(['slow']);
    await rig.clock.advance(1_000);
    const { over, end } = rig.collector.release(['slow']);
    rig.collector.takeUp([{ target: slow, sinceMs: rig.clock.wall() }]);
    end();
    expect(statusOf('slow').running).toBe(true);
    await rig.clock.advance(2_500);
    await Promise.all([over, turns]);
    expect(statusOf('slow').turns).toMatchObject({ up: 1, aborted: 0 });
    expect(closed).toEqual([]);
  });

  it('waits for the turn of a target that is changed or removed while it is released', async () => {
    begin([]);
    const slow = { ...probeOf(answersAfter(rig.clock, 3_000)) };
    for (const name of ['changed', 'removed']) probes.set(name, slow);
    const all = [targetOf('changed'), targetOf('removed')];
    rig.collector.apply({ added: all, changed: [], removed: [] });
    void rig.collector.collect(['changed', 'removed']);
    await rig.clock.advance(1_000);
    const over = { changed: false, removed: false };
    rig.collector.apply({ added: [], changed: [targetOf('changed')], removed: [all[1]!] });
    for (const name of ['changed', 'removed'] as const) {
      void rig.collector.release([name]).over.then(() => {
        over[name] = true;
      });
    }
    await rig.clock.advance(1_000);
    expect(over).toEqual({ changed: false, removed: false });
    await rig.clock.advance(1_500);
    expect(over).toEqual({ changed: true, removed: true });
  });

  it('closes every probe of a target that changes, comes back and goes again within one turn', async () => {
    const closed: number[] = [];
    let made = 0;
    begin([], {
      createProbe: () => {
        const number = ++made;
        return { ...probeOf(answersAfter(rig.clock, 3_000)), close: () => void closed.push(number) };
      },
    });
    rig.collector.apply({ added: [targetOf('slow')], changed: [], removed: [] });
    for (let times = 0; times < 3; times++) {
      void rig.collector.collect(['slow']);
      await rig.clock.advance(500);
      void rig.collector.release(['slow']);
      rig.collector.takeUp([{ target: targetOf('slow'), sinceMs: rig.clock.wall() }]);
    }
    void rig.collector.release(['slow']);
    await rig.clock.advance(5_000);
    expect([rig.collector.size, closed.sort()]).toEqual([0, [1, 2, 3, 4]]);
  });

  it('goes on showing what it polled when it lets go of everything because it drains', async () => {
    begin(['a', 'b']);
    await rig.clock.advance(10_000);
    const drained = rig.collector.drain(5_000);
    await rig.collector.release(['a', 'b']).over;
    rig.collector.takeUp([{ target: targetOf('c'), sinceMs: rig.clock.wall() }]);
    await rig.clock.advance(5_000);
    await drained;
    expect([...rig.collector.status()].map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('shows that a circuit is open, takes its turns for next to nothing, and closes it by hand', async () => {
    begin([], { breaker: { failureThreshold: 2 } });
    probes.set('dead', probeOf(fails('refused', 'dead: nothing listens there')));
    rig.collector.apply({ added: [targetOf('dead')], changed: [], removed: [] });
    await rig.clock.advance(40_000);
    expect(statusOf('dead')).toMatchObject({ state: 'open', circuit: 'open', turns: { down: 2, open: 2 } });
    expect(rig.collector.resetBreaker('dead')).toBe('closed');
    expect(statusOf('dead').state).toBe('failing');
  });

  it('counts lines that cannot be made, and goes on', async () => {
    begin(['a']);
    rig.lines.fail = new Error('a field is no number');
    await rig.clock.advance(10_000);
    expect(rig.losses).toMatchObject([{ reason: 'invalid', lines: 2 }]);
    rig.lines.fail = undefined;
    await rig.clock.advance(12_000);
    expect(rig.sink.lines).toHaveLength(2);
  });

  describe('when the targets change', () => {
    it('keeps the state of those that stay, and its probe', async () => {
      let made = 0;
      begin([], {
        createProbe: () => {
          made++;
          return probeOf(answersAfter(rig.clock, 5));
        },
      });
      rig.collector.apply({ added: [targetOf('a'), targetOf('b')], changed: [], removed: [] });
      await rig.clock.advance(20_000);
      rig.collector.apply({ added: [targetOf('c')], changed: [], removed: [targetOf('b')] });
      await rig.clock.advance(10_000);
      expect(made).toBe(3);
      expect(statusOf('a').turns.up).toBe(3);
      expect([...rig.collector.names()]).toEqual(['a', 'c']);
      expect(rig.collector.has('b')).toBe(false);
    });

    it('gives a changed target a new probe, a closed circuit and a new account, and closes the old probe after its run', async () => {
      let closed = 0;
      begin([], { breaker: { failureThreshold: 1 } });
      probes.set('a', { ...probeOf(fails('refused', 'nothing listens there')), close: () => void closed++ });
      rig.collector.apply({ added: [targetOf('a')], changed: [], removed: [] });
      await rig.clock.advance(10_000);
      expect(statusOf('a').circuit).toBe('open');
      probes.delete('a');
      rig.collector.apply({ added: [], changed: [targetOf('a', { timeoutMs: 1_000 })], removed: [] });
      await settle();
      expect(closed).toBe(1);
      expect(statusOf('a')).toMatchObject({ state: 'waiting', circuit: 'closed', timeoutMs: 1_000 });
      await rig.clock.advance(10_000);
      expect(statusOf('a').turns).toMatchObject({ up: 1, down: 0 });
    });

    it('lets the run of a removed target finish, and writes it', async () => {
      begin(['a']);
      probes.set('gone', probeOf(answersAfter(rig.clock, 3_000)));
      rig.collector.apply({
        added: [targetOf('gone', { intervalMs: 1_000, timeoutMs: 4_000 })],
        changed: [],
        removed: [],
      });
      await rig.clock.advance(1_000);
      rig.collector.apply({ added: [], changed: [], removed: [targetOf('gone')] });
      await rig.clock.advance(5_000);
      expect(rig.sink.lines.filter((line) => line.startsWith('gone up'))).toHaveLength(1);
    });
  });

  describe('by hand', () => {
    it('measures the named targets now, in the order of the names', async () => {
      begin(['a', 'b', 'c']);
      const collecting = rig.collector.collect(['c', 'a']);
      await rig.clock.advance(5);
      const turns = await collecting;
      expect(turns.map(({ target, outcome, instantMs }) => [target.name, outcome, instantMs])).toEqual([
        ['c', 'up', rig.clock.wall() - 5],
        ['a', 'up', rig.clock.wall() - 5],
      ]);
    });

    it('measures a target once, however many ask at the same time', async () => {
      let runs = 0;
      begin([], {
        createProbe: () =>
          probeOf((context) => {
            runs++;
            return answersAfter(rig.clock, 100)(context);
          }),
      });
      rig.collector.apply({ added: [targetOf('a')], changed: [], removed: [] });
      const all = Promise.all(Array.from({ length: 50 }, () => rig.collector.collect(['a'])));
      await rig.clock.advance(100);
      expect(new Set((await all).map(([turn]) => turn)).size).toBe(1);
      expect(runs).toBe(1);
    });

    it('does not measure a target whose last probe has not settled', async () => {
      let running = 0;
      let most = 0;
      const deaf = async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => rig.clock.after(8_000, resolve));
        running--;
        return [];
      };
      begin([], { createProbe: () => probeOf(deaf) });
      rig.collector.apply({ added: [targetOf('deaf', { timeoutMs: 1_000 })], changed: [], removed: [] });
      const first = rig.collector.collect(['deaf']);
      await rig.clock.advance(2_000);
      expect((await first)[0]?.outcome).toBe('timeout');
      expect((await rig.collector.collect(['deaf']))[0]?.outcome).toBe('overlap');
      await rig.clock.advance(8_000);
      expect(most).toBe(1);
    });

    it('measures 500 targets a few at a time, and leaves slots to the schedule', async () => {
      let running = 0;
      let most = 0;
      begin([], {
        slots: 50,
        createProbe: () =>
          probeOf(async (context) => {
            most = Math.max(most, ++running);
            const readings = await answersAfter(rig.clock, 50)(context);
            running--;
            return readings;
          }),
      });
      const targets = numbered(500).map((name) => targetOf(name, { intervalMs: 86_400_000 }));
      rig.collector.apply({ added: targets, changed: [], removed: [] });
      const collecting = rig.collector.collect(rig.collector.names());
      await rig.clock.advance(2_000);
      expect((await collecting).filter(({ outcome }) => outcome === 'up')).toHaveLength(500);
      expect(most).toBe(20);
    });
  });

  describe('when it drains', () => {
    it('takes no more turns, lets those under way finish, and writes all of it', async () => {
      begin(numbered(20), {
        slots: 50,
        createProbe: () => probeOf(answersAfter(rig.clock, 3_000)),
      });
      await rig.clock.advance(8_000);
      const underWay = rig.collector.underWay;
      expect(underWay).toBeGreaterThan(2);
      const draining = rig.collector.drain(10_000);
      expect(rig.collector.draining).toBe(true);
      await rig.clock.advance(3_000);
      expect(await draining).toEqual({ abortedTurns: 0, lostLines: 0 });
      expect(rig.sink.lines).toHaveLength(2 * rig.account.count('up'));
      const taken = rig.samples.taken;
      await rig.clock.advance(60_000);
      expect([rig.samples.taken, rig.samples.pending]).toEqual([taken, 0]);
      expect(statusOf('target-0').nextTurn).toBeNull();
    });

    it('ends in time what does not finish, and says how much that was', async () => {
      begin(['a', 'b'], { createProbe: () => probeOf(hangs(rig.clock)) });
      await rig.clock.advance(9_000);
      void rig.collector.collect(['a', 'b']);
      await settle();
      const begunMs = rig.clock.now();
      const draining = rig.collector.drain(2_000);
      await rig.clock.advance(2_000);
      expect((await draining).abortedTurns).toBeGreaterThanOrEqual(1);
      expect(rig.clock.now() - begunMs).toBeLessThanOrEqual(2_000);
      expect(rig.slots.inUse).toBe(0);
    });

    it('does not wait for what only waits for a slot', async () => {
      begin(numbered(60), { slots: 4, createProbe: () => probeOf(answersAfter(rig.clock, 2_000)) });
      await rig.clock.advance(6_000);
      expect(rig.collector.underWay).toBeGreaterThan(8);
      const begunMs = rig.clock.now();
      let endedMs = 0;
      const draining = rig.collector.drain(20_000).then((report) => {
        endedMs = rig.clock.now();
        return report;
      });
      await rig.clock.advance(5_000);
      expect(await draining).toEqual({ abortedTurns: 0, lostLines: 0 });
      expect(endedMs - begunMs).toBeLessThanOrEqual(2_000);
    });

    it('says when nothing runs any more, before the sink has everything', async () => {
      begin(['a'], { createProbe: () => probeOf(answersAfter(rig.clock, 3_000)) });
      rig.sink.behaviour = () => new Promise<void>(() => {});
      void rig.collector.collect(['a']);
      await rig.clock.advance(1_000);
      let underWay: number | undefined;
      const draining = rig.collector.drain(20_000, () => {
        underWay = rig.collector.underWay;
      });
      await rig.clock.advance(1_999);
      expect(underWay).toBeUndefined();
      await rig.clock.advance(1);
      expect(underWay).toBe(0);
      await rig.clock.advance(20_000);
      expect((await draining).lostLines).toBeGreaterThan(0);
    });

    it('says how many lines a hanging sink made it lose', async () => {
      begin(['a']);
      rig.sink.behaviour = () => new Promise<void>(() => {});
      await rig.clock.advance(10_000);
      const draining = rig.collector.drain(2_000);
      await rig.clock.advance(2_000);
      expect(await draining).toEqual({ abortedTurns: 0, lostLines: 2 });
    });

    it('drains once, however often it is asked', async () => {
      begin(['a']);
      expect(rig.collector.drain(1_000)).toBe(rig.collector.drain(5_000));
      await rig.clock.advance(1_000);
    });

    it('leaves no timer behind', async () => {
      begin(['a']);
      await rig.clock.advance(15_000);
      await rig.collector.drain(1_000);
      await rig.clock.advance(300_000);
      expect(rig.clock.timers).toBe(0);
    });
  });
});
