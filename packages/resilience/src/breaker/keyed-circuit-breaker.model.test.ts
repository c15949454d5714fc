import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import type { Permit } from '../core/types.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { CircuitAdviser } from './adviser.js';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';
import { type KeyedCircuitBreaker, keyedCircuitBreaker } from './keyed-circuit-breaker.js';
import type { CircuitBreakerOptions } from './settings.js';

const KEYS = ['a', 'b', 'c', 'd'];

/** The keyed breaker and, for each key, a breaker of its own that lives through the same. */
class Pair {
  readonly clock = new VirtualClock();
  readonly keyed: KeyedCircuitBreaker;
  readonly singles = new Map<string, CircuitBreaker>();
  readonly running: Array<{ keyed: Permit; single: Permit }> = [];
  readonly allowed = new Map<string, number>();
  readonly holds: Array<{ keyed: Disposable; single: Disposable }> = [];

  constructor(rules: CircuitBreakerOptions) {
    // Chance that depends on nothing but the time: both throw the same dice, whoever throws them first.
    const options = { ...rules, clock: this.clock, random: () => (this.clock.now() * 0.618034) % 1 };
    this.keyed = keyedCircuitBreaker(options);
    for (const key of KEYS) this.singles.set(key, circuitBreaker(options));
    this.keyed.advise(this.adviser((key) => key!));
    for (const [key, single] of this.singles) single.advise(this.adviser(() => key));
  }

  adviser(keyOf: (key: string | undefined) => string): CircuitAdviser {
    const ignore = () => {};
    const said = { failed: ignore, succeeded: ignore, refused: ignore, moved: ignore };
    return { ...said, retryAfterMs: 9, probes: (key) => this.allowed.get(keyOf(key)) ?? Number.POSITIVE_INFINITY };
  }

  single(key: string): CircuitBreaker {
    return this.singles.get(key)!;
  }

  start(key: string): { keyed: Permit; single: Permit } | undefined {
    const keyed = answer(() => this.keyed.acquire({ key }));
    const single = answer(() => this.single(key).acquire());
    if (keyed instanceof RejectedError || single instanceof RejectedError) {
      expect({ ...keyed, policy: '', message: '' }).toEqual({ ...single, policy: '', message: '' });
      return undefined;
    }
    this.running.push({ keyed, single });
    return this.running.at(-1)!;
  }

  finish(run: { keyed: Permit; single: Permit }, say: (permit: Permit) => void): void {
    this.running.splice(this.running.indexOf(run), 1);
    say(run.keyed);
    say(run.single);
  }

  agree(windowed: boolean): void {
    const entries = new Map([...this.keyed.entries()].map((entry) => [entry.key, entry]));
    const counts = { closed: 0, open: 0, 'half-open': 0, isolated: 0, disabled: 0 };
    for (const key of KEYS) {
      const single = this.single(key);
      const entry = entries.get(key);
      expect(this.keyed.state(key)).toBe(single.state);
      if (single.state === 'closed')
        expect(single.snapshot()).toMatchObject({ failures: entry === undefined ? 0 : entry.failures });
      if (single.state === 'open') expect(entry!.retryAfterMs).toBe(single.retryAfterMs);
      if (entry !== undefined) counts[entry.state]++;
    }
    expect(this.keyed.counts()).toEqual(counts);
    if (windowed || this.running.length > 0) return;
    // Nothing runs: whatever has an entry must have a reason for it.
    for (const { key, state, failures } of entries.values())
      expect(state !== 'closed' || failures > 0 || this.isRamping(key)).toBe(true);
  }

  isRamping(key: string): boolean {
    return this.keyed.settings.rampUpMs > 0 && this.single(key).state === 'closed';
  }
}

function answer(acquire: () => Permit): Permit | RejectedError {
  try {
    return acquire();
  } catch (error) {
    return error as RejectedError;
  }
}

type Model = { readonly windowed: boolean };
type Command = fc.Command<Model, Pair>;

function command(label: string, run: (pair: Pair) => void): Command {
  return {
    check: () => true,
    run(model, pair) {
      run(pair);
      pair.agree(model.windowed);
    },
    toString: () => label,
  };
}

const key = fc.constantFrom(...KEYS);
const say = fc.constantFrom<[string, (permit: Permit) => void]>(
  ['success', (permit) => permit.success()],
  ['failure', (permit) => permit.failure(new Error('down'))],
  ['failure, come back later', (permit) => permit.failure({ retryAfterMs: 250 })],
  ['ignore', (permit) => permit[Symbol.dispose]()],
);

const start = key.map((key) => command(`start ${key}`, (pair) => void pair.start(key)));

const finish = fc.tuple(fc.nat(), say).map(([which, [word, say]]) =>
  command(`finish ${which}: ${word}`, (pair) => {
    if (pair.running.length > 0) pair.finish(pair.running[which % pair.running.length]!, say);
  }),
);

const burst = fc.tuple(key, say, fc.integer({ min: 1, max: 4 })).map(([key, [word, say], count]) =>
  command(`burst ${key}: ${count} ${word}`, (pair) => {
    for (let call = 0; call < count; call++) {
      const run = pair.start(key);
      if (run !== undefined) pair.finish(run, say);
    }
  }),
);

const advance = fc
  .oneof(fc.integer({ min: 1, max: 120 }), fc.constantFrom(100, 100_000))
  .map((ms) => command(`advance ${ms}`, (pair) => pair.clock.stall(ms)));

const isolate = key.map((key) =>
  command(`isolate ${key}`, (pair) => {
    pair.holds.push({ keyed: pair.keyed.isolate(key), single: pair.single(key).isolate() });
  }),
);

const release = fc.nat().map((which) =>
  command(`release ${which}`, (pair) => {
    if (pair.holds.length === 0) return;
    const hold = pair.holds[which % pair.holds.length]!;
    hold.keyed[Symbol.dispose]();
    hold.single[Symbol.dispose]();
  }),
);

const reset = key.map((key) =>
  command(`reset ${key}`, (pair) => {
    pair.keyed.reset(key);
    pair.single(key).reset();
  }),
);

const trip = fc.tuple(key, fc.constantFrom(20, 150, 700), fc.constantFrom(1, 3)).map(([key, openMs, attempts]) =>
  command(`trip ${key} for ${openMs}`, (pair) => {
    const hint = { openMs, attempts };
    expect(pair.keyed.trip(key, hint)).toBe(pair.single(key).trip(hint));
  }),
);

const recover = key.map((key) =>
  command(`recover ${key}`, (pair) => {
    expect(pair.keyed.recover(key)).toBe(pair.single(key).recover());
  }),
);

const allow = fc
  .tuple(key, fc.constantFrom(0, 1, Number.POSITIVE_INFINITY))
  .map(([key, probes]) => command(`allow ${probes} probes of ${key}`, (pair) => void pair.allowed.set(key, probes)));

const restart = fc.constant(
  command('restart', (pair) => {
    const snapshot = JSON.parse(JSON.stringify(pair.keyed.snapshot()));
    pair.keyed.restore(snapshot);
    for (const [key] of snapshot.circuits) pair.single(key).restore(pair.single(key).snapshot());
  }),
);

const commands = fc.commands(
  [
    start,
    start,
    start,
    finish,
    finish,
    finish,
    burst,
    burst,
    advance,
    advance,
    isolate,
    release,
    reset,
    restart,
    trip,
    recover,
    allow,
  ],
  { maxCommands: 80, size: 'max' },
);

const tripRule = fc.constantFrom<CircuitBreakerOptions>(
  {},
  {},
  {},
  { trip: { window: 'count', calls: 4, minimumCalls: 2 } },
  { trip: { window: 'time', durationMs: 100, minimumCalls: 2, slowCallMs: 30, slowCallRate: 0.5 } },
);

const rules = fc
  .record({
    trip: tripRule,
    failureThreshold: fc.integer({ min: 1, max: 3 }),
    recoveryTimeoutMs: fc.constant(100),
    recoveryMultiplier: fc.constantFrom(1, 2),
    recoveryJitter: fc.constantFrom(0, 0.5),
    successThreshold: fc.integer({ min: 1, max: 3 }),
    maxProbes: fc.integer({ min: 1, max: 2 }),
    probeTimeoutMs: fc.constant(60),
    rampUpMs: fc.constantFrom(0, 0, 80),
    shadow: fc.constantFrom(false, false, false, true),
  })
  .map(({ trip, ...rest }): CircuitBreakerOptions => ({ ...rest, ...trip }));

describe('a keyed circuit breaker', () => {
  it('does for each key what a breaker of its own would do, and keeps no entry without a reason', () => {
    fc.assert(
      fc.property(rules, commands, (rules, sequence) =>
        fc.modelRun(() => ({ model: { windowed: rules.trip !== undefined }, real: new Pair(rules) }), sequence),
      ),
      { numRuns: 200 },
    );
  }, 180_000);
});
