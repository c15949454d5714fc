import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import type { Verdict } from '../core/types.js';
import { seededRandom } from '../testing/seeded-random.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';
import { PlainCircuit, type Rules } from './plain-circuit.suite.js';

const ASK_AGAIN_MS = 7;

/** The breaker itself, with what its commands need. */
class Real {
  readonly breaker: CircuitBreaker;
  readonly clock = new VirtualClock();
  readonly calls: Array<{ id: number; end: (verdict: Verdict, hintMs: number) => void }> = [];
  readonly holds: Array<{ id: number; hold: Disposable }> = [];
  lastId = 0;
  allowed = Number.POSITIVE_INFINITY;

  constructor(rules: Rules, random: () => number, advised: boolean) {
    this.breaker = circuitBreaker({
      ...rules,
      clock: this.clock,
      random,
      classify: (outcome) => ('error' in outcome ? (outcome.error as { verdict: Verdict }).verdict : 'success'),
    });
    if (!advised) return;
    const ignore = () => {};
    const said = { failed: ignore, succeeded: ignore, refused: ignore, moved: ignore };
    this.breaker.advise({ ...said, retryAfterMs: ASK_AGAIN_MS, probes: () => this.allowed });
  }
}

type Command = fc.AsyncCommand<PlainCircuit, Real>;

function command(label: string, run: (model: PlainCircuit, real: Real) => void | Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real);
      expect(real.breaker.state).toBe(model.state);
      expect(real.breaker.retryAfterMs).toBeCloseTo(
        model.state === 'open' ? Math.max(0, model.untilMs - model.nowMs) : 0,
        6,
      );
      if (model.state === 'closed') expect(real.breaker.snapshot()).toMatchObject({ failures: model.failures });
      if (model.state === 'open') expect(real.breaker.snapshot()).toMatchObject({ attempts: model.attempts });
    },
    toString: () => label,
  };
}

const microtasks = async () => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

/** Runs an operation that ends when its command says so. */
const start = command('start', (model, real) => {
  const id = ++real.lastId;
  let ran = false;
  let end!: (verdict: Verdict, hintMs: number) => void;
  const answer = real.breaker
    .execute(() => {
      ran = true;
      return new Promise((resolve, reject) => {
        end = (verdict, hintMs) =>
          verdict === 'success' ? resolve(id) : reject({ verdict, ...(hintMs > 0 && { retryAfterMs: hintMs }) });
      });
    })
    .catch((error: unknown) => error);
  return answerTo(model, real, id, ran, answer, (verdict, hintMs) => end(verdict, hintMs));
});

const acquire = command('acquire', (model, real) => {
  const id = ++real.lastId;
  try {
    const permit = real.breaker.acquire();
    const end = (verdict: Verdict, hintMs: number) =>
      verdict === 'failure' ? permit.failure({ retryAfterMs: hintMs }) : permit[verdict]();
    return answerTo(model, real, id, true, Promise.resolve(), end);
  } catch (error) {
    return answerTo(model, real, id, false, Promise.resolve(error), () => {});
  }
});

async function answerTo(
  model: PlainCircuit,
  real: Real,
  id: number,
  ran: boolean,
  answer: Promise<unknown>,
  end: (verdict: Verdict, hintMs: number) => void,
): Promise<void> {
  const refusal = model.start(id);
  const runs = refusal === undefined || (model.rules.shadow && refusal !== 'isolated');
  expect(ran).toBe(runs);
  if (runs) {
    real.calls.push({ id, end });
    return;
  }
  const error = await answer;
  expect(error).toBeInstanceOf(RejectedError);
  expect((error as RejectedError).reason).toBe(refusal);
  const { retryAfterMs } = error as RejectedError;
  if (refusal === 'open') {
    const leftMs = model.untilMs - model.nowMs;
    expect(retryAfterMs).toBeCloseTo(leftMs > 0 ? leftMs : ASK_AGAIN_MS, 6);
  } else expect(retryAfterMs).toBeUndefined();
}

const finish = fc
  .record({
    which: fc.nat(),
    verdict: fc.constantFrom<Verdict>('success', 'success', 'failure', 'failure', 'ignore'),
    hintMs: fc.constantFrom(0, 0, 0, 70, 900),
  })
  .map(({ which, verdict, hintMs }) =>
    command(`finish ${which} ${verdict} ${hintMs}`, async (model, real) => {
      if (real.calls.length === 0) return;
      const [{ id, end }] = real.calls.splice(which % real.calls.length, 1) as [(typeof real.calls)[0]];
      end(verdict, hintMs);
      await microtasks();
      model.finish(id, verdict, hintMs);
    }),
  );

/** A run of calls that all end alike: what trips and what closes. */
const burst = fc
  .record({ count: fc.integer({ min: 1, max: 6 }), verdict: fc.constantFrom<Verdict>('success', 'failure') })
  .map(({ count, verdict }) =>
    command(`burst ${count} ${verdict}`, async (model, real) => {
      for (let call = 0; call < count; call++) {
        await start.run(model, real);
        const last = real.calls.at(-1);
        if (last === undefined || last.id !== real.lastId) continue;
        real.calls.pop();
        last.end(verdict, 0);
        await microtasks();
        model.finish(last.id, verdict, 0);
      }
    }),
  );

const advance = fc
  .oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 20, max: 120 }),
    fc.constantFrom(50, 100, 200, 5_000, 3_600_000),
  )
  .map((ms) =>
    command(`advance ${ms}`, (model, real) => {
      real.clock.stall(ms);
      model.nowMs += ms;
    }),
  );

const isolate = command('isolate', (model, real) => {
  const id = ++real.lastId;
  real.holds.push({ id, hold: real.breaker.isolate() });
  model.isolate(id);
});

const disable = command('disable', (model, real) => {
  const id = ++real.lastId;
  real.holds.push({ id, hold: real.breaker.disable() });
  model.disable(id);
});

const release = fc.nat().map((which) =>
  command(`release ${which}`, (model, real) => {
    if (real.holds.length === 0) return;
    // Not taken off the list: a hold that is disposed twice must do nothing the second time.
    const { id, hold } = real.holds[which % real.holds.length]!;
    hold[Symbol.dispose]();
    model.release(id);
  }),
);

const trip = fc
  .record({ openMs: fc.constantFrom(undefined, 0, 40, 250, 10_000), attempts: fc.constantFrom(1, 1, 2, 4) })
  .map(({ openMs, attempts }) =>
    command(`trip ${openMs} ${attempts}`, (model, real) => {
      const tripped = real.breaker.trip({ ...(openMs !== undefined && { openMs }), attempts });
      expect(tripped).toBe(model.trip(openMs, attempts));
    }),
  );

const recover = command('recover', (model, real) => {
  expect(real.breaker.recover()).toBe(model.recover());
});

const allow = fc.constantFrom(0, 0, 1, 2, Number.POSITIVE_INFINITY).map((probes) =>
  command(`allow ${probes} probes`, (model, real) => {
    real.allowed = probes;
    model.allowed = probes;
  }),
);

const reset = command('reset', (model, real) => {
  real.breaker.reset();
  model.reset();
});

const restart = command('restart', (model, real) => {
  real.breaker.restore(JSON.parse(JSON.stringify(real.breaker.snapshot())));
  model.restart();
});

const commands = (rarely: fc.Arbitrary<Command>[]) =>
  fc.commands(
    [
      fc.constant(start),
      fc.constant(start),
      fc.constant(acquire),
      finish,
      finish,
      finish,
      burst,
      advance,
      advance,
      ...rarely,
    ],
    { maxCommands: 60, size: 'max' },
  );

const orders = [fc.constant(isolate), fc.constant(disable), release, release, fc.constant(reset), fc.constant(restart)];

const hints = [trip, trip, fc.constant(recover), allow, allow];

const rate = {
  minimumCalls: fc.integer({ min: 1, max: 4 }),
  failureRate: fc.constantFrom(0.25, 0.5, 1),
};
const slow = { slowCallMs: fc.constantFrom(5, 30), slowCallRate: fc.constantFrom(0.5, 1) };

const tripRule = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.record({ window: fc.constant('count' as const), calls: fc.integer({ min: 4, max: 6 }), ...rate }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ window: fc.constant('count' as const), calls: fc.constant(4), ...rate, ...slow }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      window: fc.constant('time' as const),
      durationMs: fc.constantFrom(40, 100),
      buckets: fc.constantFrom(1, 4, 10),
      ...rate,
      ...slow,
    }),
  },
);

const rules: fc.Arbitrary<Rules> = fc
  .record({
    trip: tripRule,
    failureThreshold: fc.integer({ min: 1, max: 5 }),
    recoveryTimeoutMs: fc.constant(100),
    recoveryMultiplier: fc.constantFrom(1, 2),
    maxRecoveryTimeoutMs: fc.constantFrom(100, 500),
    recoveryJitter: fc.constantFrom(0, 0.5),
    successThreshold: fc.integer({ min: 1, max: 4 }),
    maxProbes: fc.integer({ min: 1, max: 3 }),
    probeTimeoutMs: fc.constantFrom(30, 150),
    rampUpMs: fc.constantFrom(0, 0, 90),
    shadow: fc.constantFrom(false, false, false, true),
  })
  .map(({ trip, ...rest }) => (trip === undefined ? rest : { ...rest, trip }));

const compareWith =
  ({ advised }: { advised: boolean }) =>
  async (rules: Rules, seed: number, sequence: Iterable<Command>): Promise<void> => {
    const model = () => new PlainCircuit(rules, seededRandom(seed));
    const real = () => new Real(rules, seededRandom(seed), advised);
    await fc.asyncModelRun(() => ({ model: model(), real: real() }), sequence);
  };

const compare = compareWith({ advised: false });

describe('the circuit breaker and its plain model', () => {
  it('agree on every history of calls that end in any order', async () => {
    await fc.assert(fc.asyncProperty(rules, fc.nat(), commands([]), compare), { numRuns: 400 });
  }, 180_000);

  it('agree when somebody isolates, disables, resets and restarts meanwhile', async () => {
    await fc.assert(fc.asyncProperty(rules, fc.nat(), commands(orders), compare), { numRuns: 400 });
  }, 180_000);

  it('agree when hints come from outside, and somebody there has a say in the probes', async () => {
    const property = fc.asyncProperty(rules, fc.nat(), commands([...orders, ...hints]), compareWith({ advised: true }));
    await fc.assert(property, { numRuns: 600 });
  }, 180_000);
});
