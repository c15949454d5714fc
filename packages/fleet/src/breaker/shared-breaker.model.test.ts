import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetOf } from './shared-breaker.suite.js';

type Fleet = ReturnType<typeof fleetOf>;
interface Step {
  readonly label: string;
  run(fleet: Fleet): unknown;
}

const REPLICAS = 4;
const OPEN_MS = 3_000;
const which = fc.nat({ max: REPLICAS - 1 });
const step = (label: string, run: Step['run']): Step => ({ label, run, toString: () => label }) as Step;

const traffic = fc
  .tuple(fc.constantFrom(60, 700, 2_600, 8_000), fc.constantFrom(30, 200, 900))
  .map(([ms, everyMs]) => step(`run ${ms} every ${everyMs}`, (fleet) => fleet.run(ms, everyMs)));
const some = fc
  .tuple(which, fc.constantFrom(700, 4_000))
  .map(([index, ms]) => step(`run ${ms} on ${index}`, (fleet) => fleet.run(ms, 50, [fleet.replicas[index]!])));
const weather = fc.boolean().map((up) => step(up ? 'up' : 'down', ({ upstream }) => Object.assign(upstream, { up })));
const outage = fc.constantFrom(5_000, 15_000).map((ms) =>
  step(`down for ${ms}`, async ({ upstream, run }) => {
    upstream.up = false;
    await run(ms, 40);
  }),
);
const network = fc.tuple(which, fc.boolean()).map(([index, cut]) =>
  step(`${cut ? 'cut' : 'mend'} ${index}`, ({ upstream, ids }) => {
    if (cut) upstream.cutOff.add(ids[index]!);
    else upstream.cutOff.delete(ids[index]!);
  }),
);
const lag = fc
  .tuple(which, fc.constantFrom(0, 20, 150))
  .map(([index, ms]) =>
    step(`lag ${ms} of ${index}`, ({ replicas }) => Object.assign(replicas[index]!.line, { delayMs: ms })),
  );
const order = fc.tuple(which, fc.constantFrom('reset', 'isolate')).map(([index, what]) =>
  step(`${what} ${index}`, async ({ replicas, clock }) => {
    const { breaker } = replicas[index]!;
    // A probe that is under way goes on after such an order, and would meet the next one's.
    await clock.advance(50);
    if (what === 'reset') breaker.reset('backend');
    else {
      const hold = breaker.isolate('backend');
      await clock.advance(500);
      hold[Symbol.dispose]();
    }
  }),
);

const line = fc
  .tuple(which, fc.constantFrom('lost', 'deaf', 'fine'))
  .map(([index, how]) =>
    step(`line of ${index} ${how}`, ({ replicas }) =>
      Object.assign(replicas[index]!.line, { lost: how === 'lost', deaf: how === 'deaf' }),
    ),
  );
const empty = fc.constant(step('the store is emptied', (fleet) => fleet.forgetAll()));
const stall = fc
  .constantFrom(400, 6_000)
  .map((ms) => step(`everybody stands still for ${ms}`, ({ clock }) => clock.stall(ms)));

const steps = (...kinds: fc.Arbitrary<Step>[]) =>
  fc.array(fc.oneof(traffic, traffic, traffic, weather, weather, outage, outage, network, some, lag, ...kinds), {
    minLength: 3,
    maxLength: 30,
    size: 'max',
  });

const fleet = () =>
  fleetOf({
    replicas: REPLICAS,
    breaker: { recoveryTimeoutMs: OPEN_MS, recoveryMultiplier: 2, maxRecoveryTimeoutMs: 4 * OPEN_MS },
    shared: { probeLeaseMs: 1_500 },
  });

/** Whatever was: when nothing is broken any more, everybody calls again, and nobody holds anything against the upstream. */
async function expectRecovery(fleet: Fleet): Promise<void> {
  fleet.upstream.up = true;
  fleet.upstream.cutOff.clear();
  for (const { line } of fleet.replicas) Object.assign(line, { lost: false, deaf: false, delayMs: 0 });
  await fleet.run(6 * OPEN_MS, 100);
  expect(fleet.states()).toEqual(fleet.all('closed'));
  expect(fleet.replicas.map(({ shared }) => [shared.alone, shared.openKeys])).toEqual(
    fleet.all('x').map(() => [false, 0]),
  );
  await Promise.all(fleet.replicas.map(({ shared }) => shared.stop()));
  await fleet.clock.advance(1_000);
  expect(fleet.clock.timers).toBe(0);
}

describe('replicas with a shared breaker', () => {
  it('never make two probes at once while the store works, and always recover', async () => {
    let probes = 0;
    await fc.assert(
      fc.asyncProperty(steps(order), async (steps) => {
        const world = fleet();
        for (const { run } of steps) await run(world);
        expect(world.probes.mostAtOnce).toBeLessThanOrEqual(1);
        probes += world.probes.made;
        await expectRecovery(world);
        expect(world.probes.mostAtOnce).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
    expect(probes).toBeGreaterThan(100);
  }, 180_000);

  it('recover from whatever happens to the store and to the lines', async () => {
    await fc.assert(
      fc.asyncProperty(steps(order, line, line, empty, stall), async (steps) => {
        const world = fleet();
        for (const { run } of steps) await run(world);
        await expectRecovery(world);
      }),
      { numRuns: 60 },
    );
  }, 180_000);
});
