import { RejectedError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Slot } from './slot.js';
import { type Pace, Standing } from './standing.js';
import { SlowShareFullError, TargetSlots } from './target-slots.js';
import type { Turn } from './turn.js';

interface Past {
  /** When it timed out last, and when it last had an answer. */
  ranMs?: number;
  answeredMs?: number;
}

const DURATION_MS = { prompt: 20, lingering: 3_000, hanging: 5_000 } as const;

function standingOf(pace: Pace, { ranMs = 0, answeredMs = 0 }: Past = {}): Standing {
  const standing = new Standing();
  standing.began(answeredMs);
  standing.ended({ outcome: 'up', durationMs: 20, stalledMs: 0 } as Turn);
  standing.began(ranMs);
  const outcome = pace === 'hanging' ? 'timeout' : 'up';
  standing.ended({ outcome, durationMs: DURATION_MS[pace], stalledMs: 0 } as Turn);
  return standing;
}

const { signal } = new AbortController();

describe('target slots', () => {
  let clock: VirtualClock;
  let slots: TargetSlots;

  beforeEach(() => {
    clock = new VirtualClock();
    slots = new TargetSlots({ slots: 8, clock });
  });

  const enter = (pace: Pace, past: Past = {}) =>
    slots.enter(standingOf(pace, past), { startBy: clock.now() + 5_000, signal });
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
    await settle();
    expect([slots.slowInUse, slots.trialInUse]).toEqual([1, 0]);
    expect(slot.linger()).toBe(true);
    expect(slots.slowInUse).toBe(1);
    slot.leave();
    expect([slots.inUse, slots.slowInUse]).toEqual([0, 0]);
  });

  it('let a target that hung start in the trial share when the slow share is full', async () => {
    const all = await enterMany(3, 'hanging');
    await settle();
    expect([slots.inUse, slots.slowInUse, slots.trialInUse]).toEqual([3, 2, 1]);
    expect(all[2]!.linger()).toBe(false);
    all[0]!.leave();
    expect(all[2]!.linger()).toBe(true);
    expect([slots.slowInUse, slots.trialInUse]).toEqual([2, 0]);
    for (const slot of all) slot.leave();
    expect([slots.inUse, slots.slowInUse, slots.trialInUse]).toEqual([0, 0, 0]);
  });

  it('keep half of themselves for the others, however many hang', async () => {
    for (let index = 0; index < 100; index++) enter('hanging').catch(() => {});
    await settle();
    expect([slots.inUse, slots.slowInUse, slots.trialInUse]).toEqual([4, 2, 2]);
    await enterMany(4, 'prompt');
    expect(slots.inUse).toBe(8);
  });

  it('serve whoever is prompt before those on trial', async () => {
    const all = await enterMany(6, 'prompt');
    await enterMany(2, 'hanging');
    const order: string[] = [];
    const trial = enter('hanging').then(() => order.push('trial'));
    await settle();
    const prompt = enter('prompt').then(() => order.push('prompt'));
    await settle();
    all[0]!.leave();
    await settle();
    all[1]!.leave();
    await Promise.all([trial, prompt]);
    expect(order).toEqual(['prompt', 'trial']);
  });

  it('end the wait for a place in the slow share with an error that names it', async () => {
    await enterMany(4, 'hanging');
    const refused = enter('hanging').catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await refused).toBeInstanceOf(SlowShareFullError);
    expect(((await refused) as Error).message).toContain('2 of 8 slots each');
  });

  it('end the wait for a slot with a rejection', async () => {
    await enterMany(8, 'prompt');
    const refused = enter('prompt').catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await refused).toBeInstanceOf(RejectedError);
    expect(clock.timers).toBe(0);
  });

  it('give places in the shares back when no slot came free', async () => {
    await enterMany(8, 'prompt');
    const refused = Array.from({ length: 3 }, () => enter('hanging').catch((error: unknown) => error));
    await settle();
    expect([slots.slowInUse, slots.trialInUse]).toEqual([2, 1]);
    await clock.advance(5_000);
    for (const each of refused) expect(await each).toBeInstanceOf(RejectedError);
    expect([slots.slowInUse, slots.trialInUse]).toEqual([0, 0]);
  });

  it.each(['slow', 'trial'])('keep one place of two that come free at once, the %s one first', async (first) => {
    const all = await enterMany(4, 'hanging');
    const waiting = enter('hanging');
    await settle();
    const [slow, trial] = [all[0]!, all[2]!];
    for (const slot of first === 'slow' ? [slow, trial] : [trial, slow]) slot.leave();
    const slot = await waiting;
    await settle();
    expect([slots.inUse, slots.slowInUse + slots.trialInUse]).toEqual([3, 3]);
    slot.leave();
    expect([slots.inUse, slots.slowInUse + slots.trialInUse]).toEqual([2, 2]);
  });

  it('serve in the slow share who had all of its time longest ago, in the trial share who answered most lately', async () => {
    const all = await enterMany(4, 'hanging');
    await settle();
    const order: string[] = [];
    const queue = (what: string, past: Past) => enter('hanging', past).then(() => order.push(what));
    const waits = [
      queue('ran last, answered first', { ranMs: 40, answeredMs: 10 }),
      queue('ran first, answered second', { ranMs: 20, answeredMs: 11 }),
      queue('answered last', { ranMs: 30, answeredMs: 25 }),
    ];
    await settle();
    const [slow, , trial] = all;
    slow!.leave();
    await settle();
    trial!.leave();
    await settle();
    expect(order).toEqual(['ran first, answered second', 'answered last']);
    all[1]!.leave();
    await Promise.all(waits);
  });

  it('serve the prompt before those that linger, and both before who came by hand', async () => {
    const all = await enterMany(8, 'prompt');
    const order: string[] = [];
    const queue = (what: string, options: { pace: Pace; manual?: boolean }) =>
      slots
        .enter(standingOf(options.pace), { startBy: 5_000, manual: options.manual === true, signal })
        .then((slot) => {
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
    const all = await enterMany(4, 'hanging');
    const waiting = slots.enter(standingOf('hanging'), { startBy: 5_000, signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toMatchObject({ reason: 'aborted' });
    for (const slot of all) slot.leave();
    await settle();
    expect([slots.inUse, slots.slowInUse, slots.trialInUse]).toEqual([0, 0, 0]);
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
          expect(bounded.trialInUse).toBeLessThanOrEqual(bounded.slowTotal);
        };
        for (const each of steps) {
          if (each.do === 'enter') {
            waiting++;
            bounded
              .enter(standingOf(each.pace, { ranMs: time.now() }), { startBy: time.now() + 2_000, signal })
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
        expect([bounded.inUse, bounded.slowInUse, bounded.trialInUse]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
