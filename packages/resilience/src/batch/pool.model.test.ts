import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { BATCH_METRICS } from './metrics.js';
import { type Ending, type PlainItem, type PlainOptions, PlainPool, type PlainSettings } from './plain-pool.suite.js';
import { type BatchPool, batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

class Poison extends Error {}

/** The real pool, and everything that a test can see of it. */
class Real {
  readonly clock = new VirtualClock();
  readonly processor = new Processor<PlainItem, number>();
  readonly pool: BatchPool<PlainItem, number>;
  readonly fates: Array<() => string> = [];
  readonly flushes: Array<() => string> = [];
  readonly drains: Array<() => string> = [];
  readonly signals = [new AbortController(), new AbortController(), new AbortController()];
  readonly settings: PlainSettings;

  constructor(settings: PlainSettings) {
    const { maxBytes, ...others } = settings;
    this.settings = settings;
    this.pool = batchPool<PlainItem, number>({
      ...others,
      ...(maxBytes < Number.POSITIVE_INFINITY && { maxBytes, sizeOf: (item: PlainItem) => item.bytes }),
      process: this.processor.process,
      isPoison: (error) => error instanceof Poison,
      clock: this.clock,
    });
  }

  options({ signal, deadline }: PlainOptions) {
    return {
      ...(signal !== undefined && { signal: this.signals[signal]!.signal }),
      ...(deadline !== undefined && { deadline }),
    };
  }

  /** Ends the call that processes `first` before others. */
  async finish(first: number, ending: Ending): Promise<void> {
    const call = this.processor.running.find(({ items }) => items[0]!.id === first)!;
    const bad = call.items.filter((item) => item.bad).map((item) => item.id);
    if (ending === 'accept' || (ending === 'poison' && bad.length === 0)) await call.succeed();
    else if (ending === 'outage') await call.fail(new Error('down'));
    else if (ending === 'poison') await call.fail(new Poison(`bad ${bad.join()}`));
    else await call.succeed(call.items.map(({ id, bad }) => (bad ? { error: new Error(`bad ${id}`) } : { value: id })));
  }

  /** The counts of every outcome, by the names of the metric. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    this.pool.measure((definition, labels, value) => {
      if (definition === BATCH_METRICS.items) counts[labels['outcome']!] = value as number;
      if (definition === BATCH_METRICS.added) counts['added'] = value as number;
    });
    return counts;
  }
}

/** Which outcome of the metric a fate is. */
function outcomeOf(fate: string): string {
  if (fate.startsWith('value')) return 'succeeded';
  if (fate.startsWith('rejected')) return fate.slice('rejected '.length);
  return fate === 'error down' || fate.startsWith('error bad') ? 'failed' : 'abandoned';
}

function expectSame(model: PlainPool, real: Real): void {
  const { pool, processor, settings } = real;
  expect(processor.seen.map((items) => items.map((item) => item.id))).toEqual(model.calls);
  expect(real.fates.map((fate) => fate())).toEqual(model.entries.map((entry) => model.told(entry)));
  expect([pool.waiting, pool.queued, pool.inFlight, pool.busy]).toEqual([
    model.waiting.length,
    model.queued,
    model.inFlight,
    model.flights.length,
  ]);
  expect(real.flushes.map((fate) => fate())).toEqual(model.flushes.map((epoch) => model.flushed(epoch)));
  expect(real.drains.map((fate) => fate())).toEqual(model.drains.map((drained) => model.drained(drained)));
  const running = processor.running.map(({ items, context }) => [
    items[0]!.id,
    context.attempt,
    context.deadline,
    context.signal.aborted,
  ]);
  const flights = model.flights.map((flight) => [
    flight.parts[0]![0]!.id,
    flight.calls,
    flight.deadline,
    flight.aborted,
  ]);
  const byItem = (a: unknown[], b: unknown[]) => Number(a[0]) - Number(b[0]);
  expect(running.sort(byItem)).toEqual(flights.sort(byItem));

  // The promises of the pool, apart from the model.
  expect(processor.most).toBeLessThanOrEqual(settings.workers);
  expect(pool.queued + pool.inFlight).toBeLessThanOrEqual(settings.maxQueued);
  const outcomes: Record<string, number> = {};
  for (const fate of [...model.entries.map((entry) => entry.fate), ...model.refused.map((why) => `rejected ${why}`)]) {
    if (fate !== undefined) outcomes[outcomeOf(fate)] = (outcomes[outcomeOf(fate)] ?? 0) + 1;
  }
  const { added, ...counts } = real.counts();
  expect(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))).toEqual(outcomes);
  expect(added).toBe(Object.values(counts).reduce((sum, count) => sum + count, 0) + model.pending);
}

type Command = fc.AsyncCommand<PlainPool, Real>;

/** Does the same to both, and compares. */
function command(
  name: string,
  run: (model: PlainPool, real: Real) => void | Promise<void>,
  check = (_: PlainPool) => true,
): Command {
  return {
    check,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real);
      await settle();
      expectSame(model, real);
    },
  };
}

interface Addition {
  readonly bytes: number;
  readonly bad: boolean;
  readonly signal: number | undefined;
  readonly inMs: number | undefined;
  readonly wait: boolean;
}

const addition = fc.record<Addition>({
  bytes: fc.integer({ min: 0, max: 5 }),
  bad: fc.boolean(),
  signal: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 3 }),
  inMs: fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined, freq: 3 }),
  wait: fc.boolean(),
});

const add = (additions: readonly Addition[]) =>
  command(`add(${JSON.stringify(additions)})`, (model, real) => {
    for (const { bytes, bad, signal, inMs, wait } of additions) {
      const id = model.entries.length + model.refused.length;
      // Deadlines fall between whole milliseconds, each on a moment of its own: ages and drains never coincide with one.
      const deadline = inMs === undefined ? undefined : model.nowMs + inMs * 10 + (id + 1) / 4_096;
      const options: PlainOptions = {
        ...(signal !== undefined && { signal }),
        ...(deadline !== undefined && { deadline }),
      };
      const item = { id, bytes: model.settings.maxBytes < Number.POSITIVE_INFINITY ? bytes : 0, bad };
      const entry = model.add(item, options, wait);
      const promise = wait ? real.pool.add(item, real.options(options)) : real.pool.tryAdd(item, real.options(options));
      if (entry !== undefined) real.fates.push(fateOf(promise!));
      else promise?.catch(() => {});
    }
  });

const finish = (which: number, ending: Ending) =>
  command(
    `finish(${which}, ${ending})`,
    async (model, real) => {
      const flight = model.flights[which % model.flights.length]!;
      const first = flight.parts[0]![0]!.id;
      model.finish(flight, ending);
      await real.finish(first, ending);
    },
    (model) => model.flights.length > 0,
  );

const advance = (ms: number) =>
  command(`advance(${ms})`, async (model, real) => {
    model.advance(ms);
    await real.clock.advance(ms);
  });

const abortSignal = (signal: number) =>
  command(`abortSignal(${signal})`, (model, real) => {
    model.abortSignal(signal);
    real.signals[signal]!.abort();
  });

const flush = command('flush()', (model, real) => {
  model.flush();
  real.flushes.push(fateOf(real.pool.flush()));
});

const drain = (ms: number) =>
  command(`drain(${ms})`, (model, real) => {
    model.drain(ms);
    real.drains.push(fateOf(real.pool.drain({ deadlineMs: ms }).then((result) => result.cutOff)));
  });

const abort = command('abort()', (model, real) => {
  model.abort();
  real.pool.abort(new Error('crashed'));
});

const ending = fc.constantFrom<Ending[]>('accept', 'each', 'outage', 'poison', 'poison');

const commands = fc.commands(
  [
    fc.oneof(
      { weight: 30, arbitrary: fc.array(addition, { minLength: 1, maxLength: 6 }).map(add) },
      { weight: 40, arbitrary: fc.tuple(fc.nat(), ending).map(([which, how]) => finish(which, how)) },
      { weight: 15, arbitrary: fc.constantFrom(1, 10, 25, 60).map(advance) },
      { weight: 6, arbitrary: fc.nat({ max: 2 }).map(abortSignal) },
      { weight: 6, arbitrary: fc.constant(flush) },
      { weight: 2, arbitrary: fc.constantFrom(0.5, 20.5, 90.5).map(drain) },
      { weight: 1, arbitrary: fc.constant(abort) },
    ),
  ],
  { maxCommands: 50, size: 'max' },
);

const settings = fc
  .record({
    batchSize: fc.integer({ min: 1, max: 5 }),
    room: fc.nat({ max: 6 }),
    maxAgeMs: fc.constantFrom(5, 10, 50),
    maxBytes: fc.constantFrom(Number.POSITIVE_INFINITY, 4, 9),
    workers: fc.integer({ min: 1, max: 3 }),
    maxWaiting: fc.constantFrom(0, 2, 100),
    maxProcessCalls: fc.constantFrom(1, 3, 4, 100),
  })
  .map(({ room, ...others }): PlainSettings => ({ ...others, maxQueued: others.batchSize + room }));

describe('a batch pool', () => {
  it('does what a plain model does, and gives each item exactly one outcome, in any interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(settings, commands, async (chosen, steps) => {
        const model = new PlainPool(chosen);
        const real = new Real(chosen);
        await fc.asyncModelRun(() => ({ model, real }), steps);
        await drain(50.5).run(model, real);
        await advance(51).run(model, real);
        expect(real.fates.filter((fate) => fate() === 'pending')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  }, 180_000);
});
