import { RejectedError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Pace, type Slot, SlowShareFullError, TargetSlots } from './target-slots.js';

describe('target slots', () => {
  let clock: VirtualClock;
  let slots: TargetSlots;

  beforeEach(() => {
    clock = new VirtualClock();
    slots = new TargetSlots({ slots: 8, clock });
  });

  const enter = (pace: Pace, lastRunMs = 0, patienceMs = 5_000) =>
    slots.enter(pace, { startBy: clock.now() + patienceMs, lastRunMs });
  const enterMany = (count: number, pace: Pace) => Promise.all(Array.from({ length: count }, () => enter(pace)));

  it('give a quarter of themselves to slow runs', () => {
    const shares = [1, 3, 4, 7, 8, 50].map((count) => new TargetSlots({ slots: count, clock }).slowTotal);
    expect(shares).toEqual([1, 1, 1, 1, 2, 12]);
  });

  it('may all serve prompt targets while nobody is slow', async () => {
    await enterMany(8, 'prompt');
    expect(slots.inUse).toBe(8);
  });

  it('move a run into the slow share while it runs, and free both places when it leaves', async () => {
    const slot = await enter('prompt');
    expect(slot.linger()).toBe(true);
    expect([slots.inUse, slots.slowInUse]).toEqual([1, 1]);
    slot.leave();
    expect([slots.inUse, slots.slowInUse]).toEqual([0, 0]);
  });

  it('tell a run that the slow share is full', async () => {
    const all = await enterMany(3, 'prompt');
    expect(all.map((slot) => slot.linger())).toEqual([true, true, false]);
    all[0]!.leave();
    expect(all[2]!.linger()).toBe(true);
  });

  it('let a target that hung start in the slow share, and keep it there', async () => {
    const slot = await enter('hanging');
    expect(slots.slowInUse).toBe(1);
    expect(slot.linger()).toBe(true);
    expect(slots.slowInUse).toBe(1);
  });

  it('keep three quarters for the others, however many hang', async () => {
    for (let index = 0; index < 100; index++) enter('hanging').catch(() => {});
    await settle();
    expect([slots.inUse, slots.slowInUse]).toEqual([2, 2]);
    await enterMany(6, 'prompt');
    expect(slots.inUse).toBe(8);
  });

  it('end the wait for a place in the slow share with an error that names it', async () => {
    await enterMany(2, 'hanging');
    const refused = enter('hanging').catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await refused).toBeInstanceOf(SlowShareFullError);
    expect(((await refused) as Error).message).toContain('2 of 8 slots');
  });

  it('end the wait for a slot with a rejection', async () => {
    await enterMany(8, 'prompt');
    const refused = enter('prompt').catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await refused).toBeInstanceOf(RejectedError);
    expect(clock.timers).toBe(0);
  });

  it('give the place in the slow share back when no slot came free', async () => {
    await enterMany(8, 'prompt');
    const refused = enter('hanging').catch((error: unknown) => error);
    await settle();
    expect(slots.slowInUse).toBe(1);
    await clock.advance(5_000);
    expect(await refused).toBeInstanceOf(RejectedError);
    expect(slots.slowInUse).toBe(0);
  });

  it('serve the target first that ran longest ago, of those that hang', async () => {
    const [first] = await enterMany(2, 'hanging');
    const order: number[] = [];
    for (const lastRunMs of [30, 10, 20]) {
      void enter('hanging', lastRunMs).then((slot) => {
        order.push(lastRunMs);
        slot.leave();
      });
    }
    first!.leave();
    await settle();
    expect(order).toEqual([10, 20, 30]);
  });

  it('serve the prompt before those that linger, and both before who came by hand', async () => {
    const all = await enterMany(8, 'prompt');
    const order: string[] = [];
    const queue = (what: string, options: { pace: Pace; manual?: boolean }) =>
      slots.enter(options.pace, { startBy: 5_000, lastRunMs: 0, manual: options.manual === true }).then((slot) => {
        order.push(what);
        slot.leave();
      });
    const served = [
      queue('by hand', { pace: 'prompt', manual: true }),
      queue('lingering', { pace: 'lingering' }),
      queue('prompt', { pace: 'prompt' }),
      queue('hanging', { pace: 'hanging' }),
    ];
    await settle();
    all[0]!.leave();
    await Promise.all(served);
    expect(order).toEqual(['hanging', 'prompt', 'lingering', 'by hand']);
  });

  it('end a wait when its signal is aborted, and lose no place by it', async () => {
    const controller = new AbortController();
    const [slot] = await enterMany(2, 'hanging');
    const waiting = slots.enter('hanging', { startBy: 5_000, lastRunMs: 0, signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toMatchObject({ reason: 'aborted' });
    slot!.leave();
    expect([slots.inUse, slots.slowInUse]).toEqual([1, 1]);
  });

  it('never hold more than there are, nor more slow ones than a quarter, and all come back', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('enter' as const), pace: fc.constantFrom<Pace>('prompt', 'lingering', 'hanging') }),
      fc.record({ do: fc.constantFrom('leave' as const, 'linger' as const), at: fc.nat(30) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 80 }), async (total, steps) => {
        const time = new VirtualClock();
        const bounded = new TargetSlots({ slots: total, clock: time });
        const held: Slot[] = [];
        let waiting = 0;
        const check = () => {
          expect(bounded.inUse).toBeLessThanOrEqual(bounded.total);
          expect(bounded.slowInUse).toBeLessThanOrEqual(bounded.slowTotal);
        };
        for (const each of steps) {
          if (each.do === 'enter') {
            waiting++;
            bounded
              .enter(each.pace, { startBy: time.now() + 2_000, lastRunMs: time.now() })
              .then((slot) => held.push(slot))
              .catch(() => {})
              .finally(() => waiting--);
          } else if (each.do === 'wait') await time.advance(each.ms);
          else if (held.length > 0 && each.do === 'linger') held[each.at % held.length]!.linger();
          else if (held.length > 0) held.splice(each.at % held.length, 1)[0]!.leave();
          check();
          await settle();
          check();
          expect(held.length).toBeLessThanOrEqual(total);
        }
        while (waiting > 0 || held.length > 0) {
          for (const slot of held.splice(0)) slot.leave();
          await settle();
        }
        expect([bounded.inUse, bounded.slowInUse, time.timers]).toEqual([0, 0, expect.any(Number)]);
      }),
      { numRuns: 60 },
    );
  });
});
