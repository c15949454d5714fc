import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import { DueAlarm, DueAlarms } from './due-alarms.js';

class Bell extends DueAlarm {
  readonly rung: Array<[string, number]>;
  readonly label: string;
  readonly clock: VirtualClock;

  constructor(label: string, clock: VirtualClock, rung: Array<[string, number]>) {
    super();
    this.label = label;
    this.clock = clock;
    this.rung = rung;
  }

  expire(): void {
    this.rung.push([this.label, this.clock.now()]);
  }
}

function setup() {
  const clock = new VirtualClock();
  const alarms = new DueAlarms(clock);
  const rung: Array<[string, number]> = [];
  return { clock, alarms, rung, bell: (label: string) => new Bell(label, clock, rung) };
}

describe('DueAlarms', () => {
  it('rings each at its instant, whatever order they were set in', async () => {
    const { clock, alarms, rung, bell } = setup();
    for (const dueMs of [30, 10, 20, 5, 25]) alarms.set(bell(String(dueMs)), dueMs);
    await clock.advance(100);
    expect(rung).toEqual([
      ['5', 5],
      ['10', 10],
      ['20', 20],
      ['25', 25],
      ['30', 30],
    ]);
  });

  it('needs one timer, and none when nothing waits', async () => {
    const { clock, alarms, bell } = setup();
    for (const dueMs of [30, 10, 20]) alarms.set(bell(''), dueMs);
    expect(clock.timers).toBe(1);
    await clock.advance(30);
    expect(clock.timers).toBe(0);
  });

  it('does not ring what was cancelled, and lets a second cancel do nothing', async () => {
    const { clock, alarms, rung, bell } = setup();
    const [early, late] = [bell('early'), bell('late')];
    alarms.set(early, 10);
    alarms.set(late, 20);
    alarms.cancel(early);
    alarms.cancel(early);
    await clock.advance(100);
    expect(rung).toEqual([['late', 20]]);
    alarms.cancel(late);
    expect(rung).toHaveLength(1);
  });

  it('rings at once what is already due', async () => {
    const { clock, alarms, rung, bell } = setup();
    await clock.advance(50);
    alarms.set(bell('past'), 10);
    await clock.advance(0);
    expect(rung).toEqual([['past', 50]]);
  });

  it('takes alarms that are set while others ring', async () => {
    const { clock, alarms, rung, bell } = setup();
    class Again extends Bell {
      override expire(): void {
        super.expire();
        alarms.set(bell('second'), this.dueMs + 5);
      }
    }
    alarms.set(new Again('first', clock, rung), 10);
    alarms.set(bell('third'), 40);
    await clock.advance(100);
    expect(rung).toEqual([
      ['first', 10],
      ['second', 15],
      ['third', 40],
    ]);
    expect(clock.timers).toBe(0);
  });

  it('rings the others in time, however late those are that are set while one rings', async () => {
    const { clock, alarms, rung, bell } = setup();
    class Again extends Bell {
      override expire(): void {
        super.expire();
        alarms.set(bell('last'), this.dueMs + 100);
      }
    }
    alarms.set(new Again('first', clock, rung), 10);
    alarms.set(bell('second'), 20);
    await clock.advance(200);
    expect(rung).toEqual([
      ['first', 10],
      ['second', 20],
      ['last', 110],
    ]);
    expect(clock.timers).toBe(0);
  });

  it('lets an idle process end, and holds it again once somebody waits', () => {
    const timer = {
      holds: true,
      ref: () => {
        timer.holds = true;
      },
      unref: () => {
        timer.holds = false;
      },
      [Symbol.dispose]: () => {},
    };
    const alarms = new DueAlarms({ now: () => 0, wall: () => 0, after: () => timer });
    const { bell } = setup();
    const [first, second] = [bell(''), bell('')];
    alarms.set(first, 10);
    alarms.set(second, 20);
    alarms.cancel(first);
    expect(timer.holds).toBe(true);
    alarms.cancel(second);
    expect(timer.holds).toBe(false);
    alarms.set(bell(''), 30);
    expect(timer.holds).toBe(true);
  });

  it('agrees with a sorted list on any history of setting and cancelling', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ set: fc.nat(50) }),
            fc.record({ cancel: fc.nat(30) }),
            fc.record({ advance: fc.nat(20) }),
          ),
          { maxLength: 60 },
        ),
        async (steps) => {
          const { clock, alarms, rung, bell } = setup();
          const bells: Bell[] = [];
          const due = new Map<string, number>();
          const expected: Array<[string, number]> = [];
          for (const step of steps) {
            if ('set' in step) {
              const label = String(bells.length);
              bells.push(bell(label));
              due.set(label, clock.now() + step.set);
              alarms.set(bells.at(-1)!, clock.now() + step.set);
            } else if ('cancel' in step) {
              const bell = bells[step.cancel];
              if (bell !== undefined) {
                due.delete(bell.label);
                alarms.cancel(bell);
              }
            } else {
              const until = clock.now() + step.advance;
              await clock.advance(step.advance);
              const now = [...due].filter(([, at]) => at <= until);
              for (const [label] of now) due.delete(label);
              expected.push(...now.sort((a, b) => a[1] - b[1]));
              // Alarms of one instant may ring in any order.
              const byInstant = (list: Array<[string, number]>) => list.map(([label, at]) => `${at} ${label}`).sort();
              expect(byInstant(rung)).toEqual(byInstant(expected));
              expect(rung.map(([, at]) => at)).toEqual(expected.map(([, at]) => at));
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
