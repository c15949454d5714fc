import { describe, expect, it } from 'vitest';
import type { Call } from '../core/call.js';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { Layer } from '../core/layer.js';
import { pipeline } from '../core/pipeline.js';
import type { Context, Options } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { constantBackoff } from '../retry/backoff.js';
import { retry } from '../retry/retry.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { type Coalesce, coalesce } from './coalesce.js';

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** An operation whose runs are settled by hand. */
function operation() {
  const runs: Array<{ context: Context; resolve: (value: unknown) => void; reject: (error: unknown) => void }> = [];
  const run = (context: Context) =>
    new Promise<unknown>((resolve, reject) => {
      runs.push({ context, resolve, reject });
    });
  return { run, runs };
}

const counts = (policy: Coalesce) =>
  Object.fromEntries(
    [...collect([policy])].flatMap(([definition, samples]) =>
      samples.map(({ labels, value }) => [labels['reason'] ?? definition.name, value]),
    ),
  );

describe('coalesce', () => {
  it('lets concurrent calls of one key share one execution and its very value', async () => {
    const shared = coalesce({ name: 'shared' });
    const { run, runs } = operation();
    const calls = ['a', 'a', 'b', 'a'].map((key) => shared.execute(run, { key }));
    expect(runs).toHaveLength(2);
    expect(shared.running).toBe(2);
    const value = { some: 'value' };
    runs[0]!.resolve(value);
    runs[1]!.resolve('b');
    const values = await Promise.all(calls);
    expect(values[0]).toBe(value);
    expect(values).toEqual([value, value, 'b', value]);
    expect(shared.running).toBe(0);
    expect(counts(shared)).toEqual({
      coalesce_runs_total: 2,
      coalesce_joined_total: 2,
      'no-key': 0,
      'too-many-keys': 0,
      coalesce_abandoned_total: 0,
      coalesce_running: 0,
    });
  });

  it('lets them share a failure', async () => {
    const shared = coalesce();
    const { run, runs } = operation();
    const calls = [shared.execute(run, { key: 'a' }), shared.execute(run, { key: 'a' })].map(outcome);
    const no = new Error('no');
    runs[0]!.reject(no);
    expect(await Promise.all(calls)).toEqual([no, no]);
    expect(shared.name).toBe('coalesce');
  });

  it('keeps nothing: who calls when it has settled, begins another', async () => {
    const shared = coalesce();
    const { run, runs } = operation();
    const again = shared.execute(run, { key: 'a' }).then(() => shared.execute(run, { key: 'a' }));
    runs[0]!.resolve(1);
    await settle();
    expect(runs).toHaveLength(2);
    runs[1]!.resolve(2);
    expect(await again).toBe(2);
  });

  it('shares nothing without a key', async () => {
    const shared = coalesce();
    const { run, runs } = operation();
    const calls = [shared.execute(run), shared.execute(run)];
    for (const [index, one] of runs.entries()) one.resolve(index);
    expect(await Promise.all(calls)).toEqual([0, 1]);
    expect(counts(shared)).toMatchObject({ 'no-key': 2, coalesce_runs_total: 0 });
  });

  it('lets calls of further keys share nothing when there are too many', async () => {
    const shared = coalesce({ maxKeys: 1 });
    const { run, runs } = operation();
    const calls = ['a', 'b', 'b', 'a'].map((key) => shared.execute(run, { key }));
    expect(runs).toHaveLength(3);
    for (const [index, one] of runs.entries()) one.resolve(index);
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 0]);
    expect(counts(shared)).toMatchObject({ 'too-many-keys': 2, coalesce_runs_total: 1, coalesce_joined_total: 1 });
  });

  it('takes 10,000 keys at once unless told otherwise', () => {
    const shared = coalesce();
    const { run } = operation();
    for (let key = 0; key < 10_001; key++) void shared.execute(run, { key: String(key) });
    expect(shared.running).toBe(10_000);
    expect(counts(shared)).toMatchObject({ 'too-many-keys': 1 });
  });

  it('runs with what the first caller said, and with a deadline and a signal of its own', async () => {
    const shared = coalesce();
    const clock = new VirtualClock();
    const seen: Options[] = [];
    const spy = semaphore({ permits: 1 });
    const through = {
      name: 'spy',
      execute: <T>(operation: (context: Context) => T | PromiseLike<T>, options: Options = {}): Promise<T> => {
        seen.push(options);
        return spy.execute(operation, options);
      },
    };
    const { run, runs } = operation();
    const abort = new AbortController();
    const policy = pipeline(shared, through);
    const options = { priority: 3, weight: 1, idempotent: false, key: 'a', deadline: 1e9, signal: abort.signal };
    void policy.execute(run, options);
    void policy.execute(run, { key: 'a', priority: 9 });
    await clock.advance(0);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ priority: 3, weight: 1, idempotent: false, key: 'a' });
    expect(runs[0]!.context.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(runs[0]!.context.signal).not.toBe(abort.signal);
    runs[0]!.resolve(1);
  });

  describe('when callers leave', () => {
    it('answers each at once, and goes on for the others', async () => {
      const shared = coalesce();
      const { run, runs } = operation();
      const [first, second] = [new AbortController(), new AbortController()];
      const calls = [
        outcome(shared.execute(run, { key: 'a', signal: first.signal })),
        outcome(shared.execute(run, { key: 'a', signal: second.signal })),
        outcome(shared.execute(run, { key: 'a' })),
      ];
      const { signal } = runs[0]!.context;
      first.abort('first left');
      expect(await calls[0]).toBe('first left');
      second.abort('second left');
      expect(await calls[1]).toBe('second left');
      expect(signal.aborted).toBe(false);
      runs[0]!.resolve('yes');
      expect(await calls[2]).toBe('yes');
      expect(counts(shared)).toMatchObject({ coalesce_abandoned_total: 0 });
    });

    it('aborts the execution once all have left, and begins another for who comes then', async () => {
      const shared = coalesce();
      const { run, runs } = operation();
      const aborts = [new AbortController(), new AbortController()];
      const calls = aborts.map(({ signal }) => outcome(shared.execute(run, { key: 'a', signal })));
      const { signal } = runs[0]!.context;
      aborts[0]!.abort('one');
      expect(signal.aborted).toBe(false);
      aborts[1]!.abort('two');
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toBe('two');
      expect(await Promise.all(calls)).toEqual(['one', 'two']);
      expect(shared.running).toBe(0);
      const later = shared.execute(run, { key: 'a' });
      expect(runs).toHaveLength(2);
      // The end of the abandoned one is not the end of the new one.
      runs[0]!.reject(signal.reason);
      await settle();
      expect(shared.running).toBe(1);
      runs[1]!.resolve('yes');
      expect(await later).toBe('yes');
      expect(counts(shared)).toMatchObject({ coalesce_abandoned_total: 1, coalesce_runs_total: 2 });
    });

    it('is not confused by an operation that aborts its own caller', async () => {
      const shared = coalesce();
      const slots = semaphore({ permits: 1 });
      const abort = new AbortController();
      let finish!: () => void;
      const left = outcome(
        pipeline(slots, shared).execute(
          () => {
            abort.abort('self');
            return new Promise<void>((resolve) => {
              finish = resolve;
            });
          },
          { key: 'a', signal: abort.signal },
        ),
      );
      expect(await left).toBe('self');
      expect(shared.running).toBe(0);
      expect(slots.inUse).toBe(1);
      finish();
      await settle();
      expect(slots.inUse).toBe(0);
    });

    it('lets each caller keep to its own deadline', async () => {
      const clock = new VirtualClock();
      const shared = coalesce({ clock });
      const { run, runs } = operation();
      const hasty = outcome(shared.execute(run, { key: 'a', deadline: 50 }));
      const patient = shared.execute(run, { key: 'a', deadline: 500 });
      await clock.advance(50);
      expect(await hasty).toBeInstanceOf(TimeoutError);
      expect(runs[0]!.context.signal.aborted).toBe(false);
      runs[0]!.resolve('yes');
      expect(await patient).toBe('yes');
    });

    it('no longer listens to callers who were answered', async () => {
      const shared = coalesce();
      const { run, runs } = operation();
      const abort = new AbortController();
      const answered = shared.execute(run, { key: 'a', signal: abort.signal });
      const { signal } = runs[0]!.context;
      runs[0]!.resolve('yes');
      await answered;
      abort.abort();
      expect(signal.aborted).toBe(false);
      expect(counts(shared)).toMatchObject({ coalesce_abandoned_total: 0 });
    });
  });

  describe('within a pipeline', () => {
    it('makes a refusal within the shared run one of the own pipeline to every caller', async () => {
      const clock = new VirtualClock();
      const again = retry({ clock, backoff: constantBackoff({ baseDelayMs: 10, jitter: 0 }) });
      const slots = semaphore({ name: 'slots', permits: 1, queueTimeoutMs: 5, clock });
      slots.tryAcquire();
      const policy = pipeline(again, coalesce({ clock }), slots);
      const calls = [policy.execute(() => 1, { key: 'a' }), policy.execute(() => 1, { key: 'a' })].map(outcome);
      await clock.advance(5);
      // A queue timeout of the own pipeline is not retried; one of another would be.
      const errors = (await Promise.all(calls)) as RejectedError[];
      expect(errors.map((error) => [error.policy, error.reason])).toEqual([
        ['slots', 'queue-timeout'],
        ['slots', 'queue-timeout'],
      ]);
      expect(errors[0]).not.toBe(errors[1]);
      expect(errors[0]!.origin).not.toBe(errors[1]!.origin);
    });

    it.each([
      ['nothing more', {}],
      ['when', { retryAfterMs: 70 }],
      ['why', { cause: new Error('why') }],
    ])('hands on a refusal within the shared run, saying %s', async (_, details) => {
      class Refusing extends Layer {
        readonly name = 'refusing';

        run(call: Call): Promise<unknown> {
          return Promise.reject(this.rejection(call, 'open', details));
        }
      }
      const error = await outcome(pipeline(coalesce(), new Refusing()).execute(() => 1, { key: 'a' }));
      const expected = RejectedError.of('refusing', 'open', details);
      expect(error).toMatchObject({ policy: 'refusing', reason: 'open', message: expected.message });
      expect(error).toMatchObject({ retryAfterMs: expected.retryAfterMs });
      expect((error as RejectedError).cause).toBe(expected.cause);
    });

    it('hands on the very error that a pipeline further down throws', async () => {
      const error = RejectedError.of('other', 'open');
      expect(await outcome(coalesce().execute(() => Promise.reject(error), { key: 'a' }))).toBe(error);
    });

    it('passes on which attempt the first caller makes', async () => {
      const clock = new VirtualClock();
      const again = retry({ clock, backoff: constantBackoff({ baseDelayMs: 10, jitter: 0 }) });
      const attempts: number[] = [];
      const result = pipeline(again, coalesce()).execute(
        ({ attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) throw new Error('no');
        },
        { key: 'a' },
      );
      await clock.advance(10);
      await result;
      expect(attempts).toEqual([1, 2]);
    });

    it('gives the permits around it back before a caller hears of the result', async () => {
      const slots = semaphore({ permits: 1 });
      await pipeline(slots, coalesce()).execute(() => 1, { key: 'a' });
      expect(slots.inUse).toBe(0);
    });

    it('keeps a permit around it while an abandoned operation runs on past a timeout inside', async () => {
      const clock = new VirtualClock();
      const slots = semaphore({ permits: 1, clock });
      const { run, runs } = operation();
      const abort = new AbortController();
      const policy = pipeline(slots, coalesce({ clock }), timeout({ timeoutMs: 50, clock }));
      const left = outcome(policy.execute(run, { key: 'a', signal: abort.signal }));
      abort.abort('left');
      expect(await left).toBe('left');
      await clock.advance(100);
      expect(slots.inUse).toBe(1);
      runs[0]!.resolve('late');
      await settle();
      expect(slots.inUse).toBe(0);
    });

    it('keeps a permit around it while an abandoned operation runs on', async () => {
      const slots = semaphore({ permits: 2 });
      const policy = pipeline(slots, coalesce());
      const { run, runs } = operation();
      const aborts = [new AbortController(), new AbortController()];
      const calls = aborts.map(({ signal }) => outcome(policy.execute(run, { key: 'a', signal })));
      aborts[0]!.abort();
      await settle();
      expect(slots.inUse).toBe(1);
      aborts[1]!.abort();
      await Promise.all(calls);
      expect(slots.inUse).toBe(1);
      runs[0]!.resolve('late');
      await settle();
      expect(slots.inUse).toBe(0);
    });

    it.each(['resolve', 'reject'] as const)(
      'keeps a permit around it while an operation runs on after a timeout inside, which ends with %s',
      async (end) => {
        const clock = new VirtualClock();
        const slots = semaphore({ permits: 2, clock });
        const policy = pipeline(slots, coalesce(), timeout({ timeoutMs: 50, clock }));
        const { run, runs } = operation();
        const calls = [policy.execute(run, { key: 'a' }), policy.execute(run, { key: 'a' })].map(outcome);
        await clock.advance(50);
        for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(TimeoutError);
        expect(slots.inUse).toBe(1);
        runs[0]![end]('late');
        await settle();
        expect(slots.inUse).toBe(0);
      },
    );
  });

  it('names itself in every metric', () => {
    for (const samples of collect([coalesce({ name: 'shared' })]).values()) {
      for (const { labels } of samples) expect(labels['policy']).toBe('shared');
    }
  });

  it.each([0, 1.5, Number.POSITIVE_INFINITY])('is not made with %s keys', (maxKeys) => {
    expect(() => coalesce({ name: 'shared', maxKeys })).toThrow(ConfigError);
    expect(() => coalesce({ name: 'shared', maxKeys })).toThrow(`shared: maxKeys is ${maxKeys}`);
  });
});
