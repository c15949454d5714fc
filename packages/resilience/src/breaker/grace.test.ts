import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grace, type Visits } from './grace.js';

function graceOf() {
  const released: string[] = [];
  return { grace: new Grace<string>((item) => released.push(item)), released };
}

describe('Grace', () => {
  it('releases at once when nothing is under way', () => {
    const { grace, released } = graceOf();
    grace.leave(grace.enter());
    grace.retire('a');
    expect(released).toEqual(['a']);
    expect(grace.holds('a')).toBe(false);
  });

  it('waits for a call that began before', () => {
    const { grace, released } = graceOf();
    const call = grace.enter();
    grace.retire('a');
    expect(released).toEqual([]);
    expect(grace.holds('a')).toBe(true);
    grace.leave(call);
    expect(released).toEqual(['a']);
  });

  it('waits for every call that began before', () => {
    const { grace, released } = graceOf();
    const calls = [grace.enter(), grace.enter(), grace.enter()];
    grace.retire('a');
    grace.leave(calls[1]!);
    grace.leave(calls[0]!);
    expect(released).toEqual([]);
    grace.leave(calls[2]!);
    expect(released).toEqual(['a']);
  });

  it('releases although calls never cease to overlap', () => {
    const { grace, released } = graceOf();
    let call = grace.enter();
    for (let round = 0; round < 10; round++) {
      grace.retire(`item ${round}`);
      const next = grace.enter();
      grace.leave(call);
      call = next;
    }
    expect(released.length).toBeGreaterThanOrEqual(8);
  });

  it('holds what is retired while one call hangs, each once', () => {
    const { grace, released } = graceOf();
    const hung = grace.enter();
    for (let round = 0; round < 5; round++) {
      grace.retire('a');
      grace.retire('b');
      grace.leave(grace.enter());
    }
    expect(released).toEqual([]);
    grace.leave(hung);
    expect([...released].sort()).toEqual(['a', 'b']);
  });

  it('waits anew for what is retired anew', () => {
    const { grace, released } = graceOf();
    const first = grace.enter();
    grace.retire('a');
    const second = grace.enter();
    grace.retire('a');
    grace.leave(first);
    expect(released).toEqual([]);
    grace.leave(second);
    expect(released).toEqual(['a']);
  });

  it('never releases what it was told to forget', () => {
    const { grace, released } = graceOf();
    const call = grace.enter();
    grace.retire('a');
    grace.retire('b');
    grace.forget('a');
    expect(grace.holds('a')).toBe(false);
    const later = grace.enter();
    grace.retire('c');
    grace.forget('b');
    grace.leave(call);
    grace.leave(later);
    expect(released).toEqual(['c']);
  });

  it('never releases an item while a call runs that began before it was retired, and always in the end', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ kind: 'enter' as const }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(20) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('retire' as const), item: fc.constantFrom('a', 'b', 'c') }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let now = 0;
        const running: Array<{ visits: Visits; since: number }> = [];
        const retired = new Map<string, number>();
        const grace = new Grace<string>((item) => {
          for (const { since } of running) expect(since).toBeGreaterThan(retired.get(item)!);
          retired.delete(item);
        });
        for (const one of steps) {
          now++;
          if (one.kind === 'enter') running.push({ visits: grace.enter(), since: now });
          else if (one.kind === 'retire') {
            retired.set(one.item, now);
            grace.retire(one.item);
          } else if (running.length > 0) {
            const [call] = running.splice(one.which % running.length, 1);
            grace.leave(call!.visits);
          }
          for (const item of ['a', 'b', 'c']) expect(grace.holds(item)).toBe(retired.has(item));
        }
        for (const { visits } of running.splice(0)) grace.leave(visits);
        expect([...retired.keys()]).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
