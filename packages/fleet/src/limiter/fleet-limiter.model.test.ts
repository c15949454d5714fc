import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Replicas } from './replicas.suite.js';

type Step =
  | { do: 'call'; replica: number; ms: number; withinMs: number; weight: number }
  | { do: 'pass'; ms: number }
  | { do: 'lose' | 'return' | 'wipe' | 'forget' | 'join' }
  | { do: 'outage'; ms: number; returnMs: number; empty: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      replica: fc.nat(2),
      ms: fc.integer({ min: 1, max: 6_000 }),
      withinMs: fc.integer({ min: 1, max: 20_000 }),
      weight: fc.constantFrom(1, 1, 1, 2, 3),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
  {
    weight: 2,
    // Long enough for shares, while all of them want more than they have.
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      ms: fc.integer({ min: 1, max: 16_000 }),
      returnMs: fc.integer({ min: 1, max: 12_000 }),
      empty: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('lose' as const, 'return' as const, 'wipe' as const, 'forget' as const, 'join' as const),
    }),
  },
);

const CONCURRENT = 6;

async function outage(fleet: Replicas, { ms, returnMs, empty }: Extract<Step, { do: 'outage' }>): Promise<number> {
  const everybodyCalls = () => {
    for (const limiter of fleet.limiters) for (let i = 0; i < 8; i++) fleet.call(limiter, 3_000, { withinMs: 20_000 });
  };
  everybodyCalls();
  fleet.redis.reachable = false;
  await fleet.clock.advance(ms);
  everybodyCalls();
  await fleet.clock.advance(1);
  const shares = fleet.limiters.filter(({ mode, inUse }) => mode === 'share' && inUse > 0).length;
  if (empty) fleet.redis.wipe();
  fleet.redis.reachable = true;
  await fleet.clock.advance(returnMs);
  everybodyCalls();
  return shares;
}

it('keeps the limit, and everybody’s deadline, whatever becomes of the store that all share', async () => {
  let shared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      // For long: a limit that is new to it is taken for new, unless somebody knew it.
      const fleet = new Replicas({ startedMs: 0 });
      for (let i = 0; i < 3; i++) fleet.add();
      await fleet.clock.advance(12_000);
      for (const each of steps) {
        if (each.do === 'call') {
          const { ms, withinMs, weight } = each;
          fleet.call(fleet.limiters.at(each.replica - 2)!, ms, { withinMs, weight });
        } else if (each.do === 'pass') await fleet.clock.advance(each.ms);
        else if (each.do === 'wipe') fleet.redis.wipe();
        else if (each.do === 'forget') fleet.redis.forgetAll();
        else if (each.do === 'join') {
          if (fleet.limiters.length < 5) fleet.add();
        } else if (each.do === 'outage') shared += await outage(fleet, each);
        else fleet.redis.reachable = each.do === 'return';
        expect(fleet.most).toBeLessThanOrEqual(CONCURRENT);
      }
      fleet.redis.reachable = true;
      await fleet.clock.advance(60_000);
      expect([fleet.pending, fleet.running, fleet.failures]).toEqual([0, 0, []]);
      for (const { waitedMs } of fleet.answers) expect(waitedMs).toBeLessThanOrEqual(20_000);
      for (const limiter of fleet.limiters) expect(await limiter.drain()).toBe(true);
      expect(fleet.clock.timers).toBe(0);
    }),
    { numRuns: 60 },
  );
  // Or else nothing was tried.
  expect(shared).toBeGreaterThan(10);
}, 180_000);
