import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL } from '../core/events.js';
import { classifyHttp } from '../core/judge.js';
import { pipeline } from '../core/pipeline.js';
import { collect } from '../metrics/collect.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { type Fallback, type FallbackOptions, fallback } from './fallback.js';

const no = new Error('no');
const fails = () => Promise.reject(no);
const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

const counts = (policy: Fallback) =>
  Object.fromEntries(
    [...collect([policy])].flatMap(([definition, samples]) =>
      samples.map(({ labels, value }) => [labels['cause'] ?? definition.name, value]),
    ),
  );

/** A semaphore that refuses everybody. */
const full = () => {
  const slots = semaphore({ name: 'slots', permits: 1, maxQueue: 0 });
  slots.tryAcquire();
  return slots;
};

describe('fallback', () => {
  it('leaves a success alone', async () => {
    const policy = fallback({ value: 'instead' });
    expect(await policy.execute(() => 'yes')).toBe('yes');
    expect(counts(policy)).toEqual({ failure: 0, rejection: 0, fallback_failed_total: 0 });
    expect(policy.name).toBe('fallback');
  });

  it('answers for an operation that failed', async () => {
    const policy = fallback({ name: 'cached', value: 'instead' });
    expect(await policy.execute(fails)).toBe('instead');
    expect(counts(policy)).toEqual({ failure: 1, rejection: 0, fallback_failed_total: 0 });
  });

  it('answers for one that an inner policy refused', async () => {
    const policy = fallback({ value: 'instead' });
    expect(await pipeline(policy, full()).execute(() => 'yes')).toBe('instead');
    expect(counts(policy)).toMatchObject({ failure: 0, rejection: 1 });
  });

  it('takes a refusal out of another pipeline for a failure like any', async () => {
    const policy = fallback({ value: 'instead', on: ['failure'] });
    expect(await policy.execute(() => full().execute(() => 'yes'))).toBe('instead');
    expect(counts(policy)).toMatchObject({ failure: 1, rejection: 0 });
  });

  it('answers for values that are failures, and for timeouts', async () => {
    const policy = fallback({ value: 'instead', classify: classifyHttp });
    expect(await policy.execute<unknown>(() => ({ status: 503 }))).toBe('instead');
    expect(await policy.execute(() => Promise.reject(TimeoutError.of('t', 1, true)))).toBe('instead');
    const fine = { status: 200 };
    expect(await policy.execute(() => fine)).toBe(fine);
  });

  it('answers only on what it is told to', async () => {
    const onFailure = fallback({ value: 'instead', on: ['failure'] });
    expect(await outcome(pipeline(onFailure, full()).execute(() => 'yes'))).toBeInstanceOf(RejectedError);
    expect(await onFailure.execute(fails)).toBe('instead');
    const onRejection = fallback({ value: 'instead', on: ['rejection'], classify: classifyHttp });
    expect(await outcome(onRejection.execute(fails))).toBe(no);
    const busy = { status: 503 };
    expect(await onRejection.execute(() => busy)).toBe(busy);
    expect(await pipeline(onRejection, full()).execute(() => 'yes')).toBe('instead');
    expect(counts(onRejection)).toMatchObject({ failure: 0, rejection: 1 });
  });

  it('leaves alone what is to be ignored, and wrong options', async () => {
    const policy = fallback({ value: 'instead', classify: () => 'ignore' });
    expect(await outcome(policy.execute(fails))).toBe(no);
    const wrong = new ConfigError('wrong');
    expect(await outcome(fallback({ value: 'instead' }).execute(() => Promise.reject(wrong)))).toBe(wrong);
  });

  it('does nothing for a caller who has left', async () => {
    const policy = fallback({ value: 'instead', classify: classifyHttp });
    const abort = new AbortController();
    const error = outcome(
      policy.execute(
        () => {
          abort.abort();
          throw no;
        },
        { signal: abort.signal },
      ),
    );
    expect(await error).toBe(no);
    const waits = semaphore({ permits: 1 });
    waits.tryAcquire();
    const leaver = new AbortController();
    const left = outcome(pipeline(policy, waits).execute(() => 'yes', { signal: leaver.signal }));
    leaver.abort();
    expect(await left).toMatchObject({ reason: 'aborted' });
    expect(counts(policy)).toMatchObject({ failure: 0, rejection: 0 });
  });

  it('answers for a call whose deadline ended its wait', async () => {
    const clock = new VirtualClock();
    const slots = semaphore({ permits: 1, clock });
    slots.tryAcquire();
    const inTime = pipeline(fallback({ value: 'instead', clock }), slots).execute(() => 'yes', { deadline: 50 });
    const inner = pipeline(fallback({ value: 'instead', clock }), timeout({ timeoutMs: 20, clock }), slots);
    const limited = inner.execute(() => 'yes');
    await clock.advance(50);
    expect(await inTime).toBe('instead');
    expect(await limited).toBe('instead');
  });

  it('computes an answer from the outcome and the context', async () => {
    const seen: unknown[] = [];
    const policy = fallback({
      classify: classifyHttp,
      compute: async (outcome, context) => {
        seen.push(outcome, context.attempt, context.deadline);
        await settle();
        return 'computed';
      },
    });
    expect(await policy.execute(fails)).toBe('computed');
    expect(await policy.execute<unknown>(() => ({ status: 500 }))).toBe('computed');
    expect(seen).toEqual([
      { error: no },
      1,
      Number.POSITIVE_INFINITY,
      { value: { status: 500 } },
      1,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('neither');
      },
    ],
    ['rejects', () => Promise.reject(new Error('neither'))],
  ])('hands out the error of a fallback that %s, and counts it', async (_, compute) => {
    const policy = fallback({ compute });
    expect(await outcome(policy.execute(fails))).toMatchObject({ message: 'neither' });
    expect(counts(policy)).toEqual({ failure: 1, rejection: 0, fallback_failed_total: 1 });
  });

  it('may answer undefined', async () => {
    expect(await fallback({ value: undefined }).execute(fails)).toBeUndefined();
  });

  it('tells who listens', async () => {
    const events: unknown[] = [];
    const listen = (event: unknown) => void events.push(event);
    subscribe(RESILIENCE_CHANNEL, listen);
    try {
      const policy = fallback({ name: 'cached', value: 'instead', classify: classifyHttp });
      await policy.execute(fails);
      await policy.execute<unknown>(() => ({ status: 503 }));
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    expect(events).toEqual([
      { type: 'fallback', policy: 'cached', error: no },
      { type: 'fallback', policy: 'cached' },
    ]);
  });

  it('names itself in every metric', () => {
    for (const samples of collect([fallback({ name: 'cached', value: 1 })]).values()) {
      for (const { labels } of samples) expect(labels['policy']).toBe('cached');
    }
  });

  it.each([
    [{}, 'fallback: give either value or compute; it must be exactly one of them'],
    [{ value: 1, compute: () => 1 }, 'fallback: give either value or compute'],
    [{ value: 1, on: [] }, 'fallback: on is []; it must name failure or rejection, or both'],
    [{ value: 1, on: ['timeout'] }, 'fallback: on is [timeout]'],
  ])('is not made from %j', (options, message) => {
    const make = () => fallback(options as FallbackOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});
