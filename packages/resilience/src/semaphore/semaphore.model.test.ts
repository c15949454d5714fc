import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import type { Options } from '../core/types.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { type Semaphore, semaphore } from './semaphore.js';
import { deferred } from './semaphore.suite.js';

/** One call, as the plain model sees it. */
interface Asked {
  id: number;
  byHand: boolean;
  weight: number;
  priority: number;
  dueMs: number;
  ending: 'queue-timeout' | 'deadline';
  aborted: boolean;
}

/** A semaphore as one would explain it: a list, sorted each time, walked through each time. */
class Model {
  permits: number;
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  nowMs = 0;
  waiting: Asked[] = [];
  /** Granted, and not started yet: an abort still stops them. */
  arriving: Asked[] = [];
  holding: Asked[] = [];
  /** What became of each call, in the order in which it did. */
  outcomes: string[] = [];
  #later: string[] = [];

  constructor(permits: number, maxQueue: number, queueTimeoutMs: number) {
    this.permits = permits;
    this.maxQueue = maxQueue;
    this.queueTimeoutMs = queueTimeoutMs;
  }

  get inUse(): number {
    return [...this.arriving, ...this.holding].reduce((sum, call) => sum + call.weight, 0);
  }

  ask(id: number, byHand: boolean, weight: number, priority: number, deadline: number): void {
    const timesOutMs = this.nowMs + this.queueTimeoutMs;
    const ending = deadline <= timesOutMs ? 'deadline' : 'queue-timeout';
    const dueMs = Math.min(timesOutMs, deadline);
    const call: Asked = { id, byHand, weight, priority, dueMs, ending, aborted: false };
    const first = this.waiting.every((other) => other.priority < priority);
    if (weight > this.permits) this.#say(`${id} mistake`);
    else if (first && this.inUse + weight <= this.permits) {
      this.holding.push(call);
      this.outcomes.push(`${id} runs`);
    } else if (this.waiting.length === this.maxQueue) this.#say(`${id} queue-full`);
    else this.waiting.push(call);
  }

  abort(id: number): void {
    const arriving = this.arriving.find((call) => call.id === id);
    if (arriving !== undefined) arriving.aborted = true;
    else if (this.#leave(id)) this.#say(`${id} aborted`);
    this.grant();
  }

  release(id: number): void {
    this.holding = this.holding.filter((call) => call.id !== id);
    this.grant();
  }

  resize(permits: number): void {
    this.permits = permits;
    for (const call of this.waiting.filter((call) => call.weight > permits)) {
      this.#leave(call.id);
      this.#say(`${call.id} mistake`);
    }
    this.grant();
  }

  /** All that happens without time passing. */
  settle(): void {
    this.outcomes.push(...this.#later.splice(0));
    for (let call = this.arriving.shift(); call !== undefined; call = this.arriving.shift()) {
      if (call.aborted) {
        this.outcomes.push(`${call.id} aborted`);
        this.grant();
      } else {
        this.holding.push(call);
        this.outcomes.push(`${call.id} runs`);
      }
    }
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    this.settle();
    for (;;) {
      const due = this.waiting.filter((call) => call.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) break;
      this.nowMs = due.dueMs;
      this.#leave(due.id);
      this.#say(`${due.id} ${due.ending}`);
      this.grant();
      this.settle();
    }
    this.nowMs = untilMs;
    this.settle();
  }

  grant(): void {
    for (;;) {
      const first = [...this.waiting].sort((a, b) => b.priority - a.priority)[0];
      if (first === undefined || this.inUse + first.weight > this.permits) return;
      this.#leave(first.id);
      this.arriving.push(first);
    }
  }

  #leave(id: number): boolean {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((call) => call.id !== id);
    return this.waiting.length < before;
  }

  #say(outcome: string): void {
    this.#later.push(outcome);
  }
}

/** The real one, with a handle on every call made so far. */
class Real {
  readonly clock = new VirtualClock();
  readonly slots: Semaphore;
  readonly outcomes: string[] = [];
  readonly aborts: AbortController[] = [];
  readonly byHand: boolean[] = [];
  readonly releases: Array<(() => void) | undefined> = [];

  constructor(permits: number, maxQueue: number, queueTimeoutMs: number) {
    this.slots = semaphore({ permits, maxQueue, queueTimeoutMs, clock: this.clock });
  }

  ask(byHand: boolean, options: Options): void {
    const id = this.aborts.length;
    const abort = new AbortController();
    this.aborts.push(abort);
    this.byHand.push(byHand);
    this.releases.push(undefined);
    const refused = (error: unknown) => {
      this.outcomes.push(`${id} ${error instanceof RejectedError ? error.reason : 'mistake'}`);
    };
    if (byHand) this.#byHand(id, { ...options, signal: abort.signal }).catch(refused);
    else this.#execute(id, { ...options, signal: abort.signal }).catch(refused);
  }

  async #byHand(id: number, options: Options): Promise<void> {
    const permit = this.slots.tryAcquire(options) ?? (await this.slots.acquire(options));
    this.outcomes.push(`${id} runs`);
    this.releases[id] = () => permit.success();
  }

  async #execute(id: number, options: Options): Promise<void> {
    const gate = deferred();
    await this.slots
      .execute(() => {
        this.outcomes.push(`${id} runs`);
        this.releases[id] = () => gate.resolve();
        return gate.promise;
      }, options)
      // The caller's answer at its deadline changes nothing: the operation runs on, and holds its permits.
      .catch((error: unknown) => {
        if (error instanceof RejectedError || this.releases[id] === undefined) throw error;
      });
  }
}

type Command = fc.AsyncCommand<Model, Real>;

function compare(model: Model, real: Real): void {
  expect(real.slots.inUse).toBe(model.inUse);
  expect(real.slots.queued).toBe(model.waiting.length);
}

async function compareSettled(model: Model, real: Real): Promise<void> {
  await settle();
  model.settle();
  compare(model, real);
  expect([...real.outcomes].sort()).toEqual([...model.outcomes].sort());
  // Who runs, in exactly this order: higher priorities first, and first come first served within one. Who asked by hand
  // hears of it some microtasks later than an operation starts, so the two are looked at apart.
  for (const byHand of [true, false]) {
    const runs = (outcomes: string[]) =>
      outcomes.filter((outcome) => outcome.endsWith('runs') && real.byHand[Number.parseInt(outcome, 10)] === byHand);
    expect(runs(real.outcomes)).toEqual(runs(model.outcomes));
  }
}

class Ask implements Command {
  readonly weight: number;
  readonly priority: number;
  readonly withinMs: number | undefined;
  readonly byHand: boolean;

  constructor(weight: number, priority: number, withinMs: number | undefined, byHand: boolean) {
    this.weight = weight;
    this.priority = priority;
    this.withinMs = withinMs;
    this.byHand = byHand;
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    const id = real.aborts.length;
    // No two calls have the same deadline, so that the order in which they end is the model's.
    const deadline = this.withinMs === undefined ? Number.POSITIVE_INFINITY : model.nowMs + this.withinMs + id / 1024;
    const { weight, priority } = this;
    model.ask(id, this.byHand, weight, priority, deadline);
    real.ask(this.byHand, { weight, priority, deadline });
    compare(model, real);
    await compareSettled(model, real);
  }

  toString = () => `ask(weight ${this.weight}, priority ${this.priority}, within ${this.withinMs})`;
}

/** Something done to one of the calls made so far. */
class Act implements Command {
  readonly kind: 'abort' | 'release' | 'release twice' | 'release, then abort the next';
  readonly which: number;

  constructor(kind: Act['kind'], which: number) {
    this.kind = kind;
    this.which = which;
  }

  check = (model: Readonly<Model>) => model.holding.length + model.waiting.length > 0;

  async run(model: Model, real: Real): Promise<void> {
    const calls = this.kind === 'abort' ? [...model.waiting, ...model.holding] : model.holding;
    const call = calls[this.which % Math.max(1, calls.length)];
    if (call === undefined) return;
    if (this.kind === 'abort') {
      model.abort(call.id);
      real.aborts[call.id]!.abort();
    } else this.#release(call, model, real);
    if (call.byHand) compare(model, real);
    await compareSettled(model, real);
  }

  #release(call: Asked, model: Model, real: Real): void {
    const release = real.releases[call.id]!;
    model.release(call.id);
    release();
    if (this.kind === 'release twice') release();
    const next = model.arriving[0];
    // Only a permit by hand is back at once: what an operation held comes back when its promise settles.
    if (this.kind === 'release, then abort the next' && call.byHand && next !== undefined) {
      model.abort(next.id);
      real.aborts[next.id]!.abort();
    }
  }

  toString = () => `${this.kind}(${this.which})`;
}

class Resize implements Command {
  readonly permits: number;

  constructor(permits: number) {
    this.permits = permits;
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    model.resize(this.permits);
    real.slots.resize(this.permits);
    compare(model, real);
    await compareSettled(model, real);
  }

  toString = () => `resize(${this.permits})`;
}

class Advance implements Command {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    model.advance(this.ms);
    await real.clock.advance(this.ms);
    await compareSettled(model, real);
  }

  toString = () => `advance(${this.ms})`;
}

/** Every permit comes back: then nobody waits, nothing is taken, and every call had exactly one outcome. */
async function wind(model: Model, real: Real): Promise<void> {
  await compareSettled(model, real);
  while (model.holding.length > 0) {
    const { id } = model.holding[0]!;
    model.release(id);
    real.releases[id]!();
    await compareSettled(model, real);
  }
  expect(real.slots.inUse).toBe(0);
  expect(real.slots.queued).toBe(0);
  const ids = real.outcomes.map((outcome) => Number.parseInt(outcome, 10));
  expect(ids.sort((a, b) => a - b)).toEqual(real.aborts.map((_, id) => id));
  await real.clock.advance(1000);
  expect(real.clock.timers).toBe(0);
}

const weight = fc.integer({ min: 1, max: 4 });
const commands = [
  fc
    .tuple(
      weight,
      fc.integer({ min: 0, max: 2 }),
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      fc.boolean(),
    )
    .map(([weight, priority, withinMs, byHand]) => new Ask(weight, priority, withinMs, byHand)),
  fc.nat(50).map((which) => new Act('abort', which)),
  fc.nat(50).map((which) => new Act('release', which)),
  fc.nat(50).map((which) => new Act('release twice', which)),
  fc.nat(50).map((which) => new Act('release, then abort the next', which)),
  fc.integer({ min: 1, max: 6 }).map((permits) => new Resize(permits)),
  fc.integer({ min: 0, max: 15 }).map((ms) => new Advance(ms)),
];

describe('a semaphore and a plain model of it', () => {
  it('agree after every command, in any order of commands', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands([...commands.slice(0, 1), ...commands], { maxCommands: 60, size: '+1' }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 30 }),
        async (sequence, permits, maxQueue, queueTimeoutMs) => {
          const model = new Model(permits, maxQueue, queueTimeoutMs);
          const real = new Real(permits, maxQueue, queueTimeoutMs);
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          await wind(model, real);
        },
      ),
      { numRuns: 300 },
    );
  });
});
