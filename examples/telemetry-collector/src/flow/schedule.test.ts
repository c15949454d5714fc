import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetOf } from './offset.js';
import { Schedule, type Scheduled } from './schedule.js';

const START = Date.UTC(2026, 0, 1);

/** The instants in (fromMs, toMs] that the definition names: epoch + offset + k · interval. */
function instants(item: Scheduled, fromMs: number, toMs: number): number[] {
  const offset = offsetOf(item.name, item.intervalMs);
  const first = Math.floor((fromMs - offset) / item.intervalMs) + 1;
  const last = Math.floor((toMs - offset) / item.intervalMs);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * item.intervalMs + offset);
}

function scheduleOf(...items: Scheduled[]): Schedule<Scheduled> {
  const schedule = new Schedule<Scheduled>();
  for (const item of items) schedule.set(item, START);
  return schedule;
}

const web = { name: 'web-1', intervalMs: 10_000 };
const [firstTurn] = instants(web, START, START + 10_000) as [number];

describe('a schedule', () => {
  it('hands out each instant once, in order, and says when the next one is', () => {
    const schedule = scheduleOf(web);
    expect(schedule.nextMs).toBe(firstTurn);
    expect(schedule.take(firstTurn - 1)).toEqual([]);
    expect(schedule.take(firstTurn)).toEqual([{ item: web, instantMs: firstTurn, missed: 0 }]);
    expect(schedule.take(firstTurn)).toEqual([]);
    expect(schedule.nextOf('web-1')).toBe(firstTurn + 10_000);
  });

  it('gives replicas that started at different times the same instants', () => {
    const early = scheduleOf(web);
    const late = new Schedule<Scheduled>();
    late.set(web, START + 3_456_789);
    early.take(START + 3_456_789);
    expect(late.nextMs).toBe(early.nextMs);
  });

  it('hands out a turn that is late by less than half its interval, under its own instant', () => {
    const schedule = scheduleOf(web);
    expect(schedule.take(firstTurn + 5_000)).toEqual([{ item: web, instantMs: firstTurn, missed: 0 }]);
  });

  it('counts a turn that is nearer to the next as missed', () => {
    const schedule = scheduleOf(web);
    expect(schedule.take(firstTurn + 5_001)).toEqual([{ item: web, instantMs: undefined, missed: 1 }]);
    expect(schedule.nextMs).toBe(firstTurn + 10_000);
  });

  it('does not make up for an hour of sleep: one turn at most, the others counted', () => {
    const schedule = scheduleOf(web);
    expect(schedule.take(firstTurn + 3_600_000)).toEqual([
      { item: web, instantMs: firstTurn + 3_600_000, missed: 360 },
    ]);
  });

  it('goes on from the new time when the wall clock is set back by a day', () => {
    const schedule = scheduleOf(web);
    schedule.take(firstTurn);
    const setBack = firstTurn - 86_400_000 + 1;
    expect(schedule.take(setBack)).toEqual([]);
    expect(schedule.nextMs).toBe(firstTurn - 86_400_000 + 10_000);
  });

  it('does not take the same instant twice when the clock is set back by a little', () => {
    const schedule = scheduleOf(web);
    schedule.take(firstTurn);
    expect(schedule.take(firstTurn - 2_000)).toEqual([]);
    expect(schedule.take(firstTurn)).toEqual([]);
    expect(schedule.nextMs).toBe(firstTurn + 10_000);
  });

  it('does not take the same instant twice when the clock is set back and set right again', () => {
    const schedule = scheduleOf(web);
    schedule.take(firstTurn);
    expect(schedule.take(firstTurn - 25_000)).toEqual([]);
    expect(schedule.take(firstTurn)).toEqual([{ item: web, instantMs: undefined, missed: 2 }]);
    schedule.take(firstTurn - 25_000);
    expect(schedule.take(firstTurn + 6_000)).toEqual([{ item: web, instantMs: undefined, missed: 2 }]);
    expect(schedule.take(firstTurn + 10_000)).toEqual([{ item: web, instantMs: firstTurn + 10_000, missed: 0 }]);
  });

  it('keeps the rhythm of an item that is replaced with the same interval, and hands out the new one', () => {
    const schedule = scheduleOf(web);
    const renewed = { ...web };
    schedule.set(renewed, firstTurn + 7_000);
    expect(schedule.take(firstTurn)[0]?.item).toBe(renewed);
    expect(schedule.size).toBe(1);
  });

  it('aligns an item anew when its interval changes', () => {
    const schedule = scheduleOf(web);
    const faster = { name: 'web-1', intervalMs: 1_000 };
    schedule.set(faster, START);
    expect(schedule.nextMs).toBe(instants(faster, START, START + 1_000)[0]);
    expect(schedule.size).toBe(1);
    expect(schedule.take(schedule.nextMs + 9_000)).toMatchObject([{ item: faster, missed: 9 }]);
  });

  it('has no turn for what was removed', () => {
    const schedule = scheduleOf(web, { name: 'web-2', intervalMs: 10_000 });
    schedule.delete('web-1');
    schedule.delete('unknown');
    expect(schedule.take(START + 10_000).map((due) => due.item.name)).toEqual(['web-2']);
    expect(schedule.nextOf('web-1')).toBeUndefined();
  });

  describe('with items that others have meanwhile', () => {
    it('has the turns that fell due since they are its own', () => {
      const schedule = new Schedule<Scheduled>();
      schedule.set(web, firstTurn + 1_000, firstTurn - 1);
      expect(schedule.take(firstTurn + 1_000)).toEqual([{ item: web, instantMs: firstTurn, missed: 0 }]);
    });

    it('has none that fell due before, or then', () => {
      const schedule = new Schedule<Scheduled>();
      schedule.set(web, firstTurn + 1_000, firstTurn);
      expect(schedule.take(firstTurn + 1_000)).toEqual([]);
      expect(schedule.nextMs).toBe(firstTurn + 10_000);
    });

    it('counts those that are too late as missed', () => {
      const schedule = new Schedule<Scheduled>();
      schedule.set(web, firstTurn + 26_000, firstTurn - 1);
      expect(schedule.take(firstTurn + 26_000)).toEqual([{ item: web, instantMs: undefined, missed: 3 }]);
    });

    it('is not put off by an instant that has not come yet', () => {
      const schedule = new Schedule<Scheduled>();
      schedule.set(web, START, START + 3_600_000);
      expect(schedule.nextMs).toBe(firstTurn);
    });

    it('never has one that it handed out before it released the item', () => {
      const schedule = scheduleOf(web);
      schedule.take(firstTurn);
      expect(schedule.release('web-1', firstTurn + 500)).toBe(0);
      expect([schedule.size, schedule.nextMs]).toEqual([0, Number.POSITIVE_INFINITY]);
      schedule.set(web, firstTurn + 1_000, firstTurn - 5_000);
      expect(schedule.take(firstTurn + 1_000)).toEqual([]);
      expect(schedule.take(firstTurn + 10_000)).toMatchObject([{ instantMs: firstTurn + 10_000 }]);
    });

    it('knows so when the clock was set back in between, too', () => {
      const schedule = scheduleOf(web);
      schedule.take(firstTurn);
      schedule.release('web-1', firstTurn + 500);
      schedule.set(web, firstTurn - 2_000, firstTurn - 11_000);
      expect(schedule.take(firstTurn - 2_000)).toEqual([{ item: web, instantMs: undefined, missed: 1 }]);
      expect(schedule.take(firstTurn)).toEqual([]);
    });

    it('says how many turns it leaves to others', () => {
      const schedule = scheduleOf(web);
      expect(schedule.release('web-1', firstTurn + 20_000)).toBe(3);
      expect(schedule.release('web-1', firstTurn + 20_000)).toBe(0);
      schedule.set(web, START);
      expect(schedule.release('web-1', firstTurn - 1)).toBe(0);
    });

    it('sets aside what may not be taken, with its turns', () => {
      const schedule = scheduleOf(web, { name: 'web-2', intervalMs: 10_000 });
      const others = ({ name }: Scheduled) => name !== 'web-1';
      expect(schedule.take(firstTurn, others).map(({ item }) => item.name)).not.toContain('web-1');
      expect(schedule.nextMs).toBeGreaterThan(firstTurn);
      schedule.take(firstTurn - 100_000);
      schedule.set(web, firstTurn + 100);
      expect(schedule.take(firstTurn + 100).filter(({ item }) => item === web)).toHaveLength(1);
    });
  });

  it('has no next turn when it is empty', () => {
    expect(new Schedule<Scheduled>().nextMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('accounts for every instant: handed out once or counted as missed, however irregularly it is asked', () => {
    const item = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      intervalMs: fc.integer({ min: 1, max: 5_000 }),
    });
    const items = fc.uniqueArray(item, { selector: (each) => each.name, minLength: 1 });
    const steps = fc.array(fc.oneof(fc.nat(20), fc.nat(3_000), fc.nat(100_000)), { maxLength: 60 });
    fc.assert(
      fc.property(items, steps, (all, waits) => {
        const schedule = scheduleOf(...all);
        const taken = new Map<string, { instants: number[]; missed: number }>(
          all.map((each) => [each.name, { instants: [], missed: 0 }]),
        );
        let wallMs = START;
        for (const wait of waits) {
          wallMs += wait;
          for (const due of schedule.take(wallMs)) {
            const account = taken.get(due.item.name)!;
            if (due.instantMs !== undefined) account.instants.push(due.instantMs);
            account.missed += due.missed;
          }
          expect(schedule.nextMs).toBeGreaterThan(wallMs);
        }
        for (const each of all) {
          const all = instants(each, START, wallMs);
          const account = taken.get(each.name)!;
          expect(account.instants.length + account.missed).toBe(all.length);
          expect(new Set(account.instants).size).toBe(account.instants.length);
          for (const instant of account.instants) expect(all).toContain(instant);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('waits no longer than two intervals wherever the wall clock jumps', () => {
    const jumps = fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(jumps, (steps) => {
        const schedule = scheduleOf(web);
        let wallMs = START;
        let lastInstant: number | undefined;
        for (const step of steps) {
          wallMs += step;
          for (const due of schedule.take(wallMs)) {
            if (due.instantMs === undefined) continue;
            expect(due.instantMs).not.toBe(lastInstant);
            lastInstant = due.instantMs;
          }
          expect(schedule.nextMs - wallMs).toBeLessThanOrEqual(20_000);
        }
      }),
    );
  });
});
