import { describe, expect, it } from 'vitest';
import { RejectedError, TimeoutError } from '../core/errors.js';
import { pipeline } from '../core/pipeline.js';
import type { Policy } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { TIMEOUT_METRICS } from '../timeout/metrics.js';
import { timeout } from '../timeout/timeout.js';
import { semaphore } from './semaphore.js';
import { deferred, reasonOf } from './semaphore.suite.js';

function setup(permits = 1) {
  const clock = new VirtualClock();
  return {
    clock,
    slots: semaphore({ name: 'slots', permits, clock }),
    limit: timeout({ name: 'limit', timeoutMs: 100, clock }),
  };
}

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a semaphore around a timeout', () => {
  it('keeps the permit until the operation settles that was answered for', async () => {
    const { clock, slots, limit } = setup();
    const gate = deferred();
    const answered = outcome(pipeline(slots, limit).execute(() => gate.promise));
    await clock.advance(100);
    expect(await answered).toBeInstanceOf(TimeoutError);
    expect(slots.inUse).toBe(1);
    expect(slots.tryAcquire()).toBeUndefined();
    const waiting = slots.acquire();
    await settle();
    expect(slots.queued).toBe(1);
    gate.resolve();
    (await waiting).success();
    expect(slots.inUse).toBe(0);
  });

  it('keeps the permit after an operation that fails late', async () => {
    const { clock, slots, limit } = setup();
    const gate = deferred();
    const answered = outcome(pipeline(slots, limit).execute(() => gate.promise));
    await clock.advance(100);
    await answered;
    gate.reject(new Error('late'));
    await settle();
    expect(slots.inUse).toBe(0);
  });

  it('keeps the permit after the caller has left', async () => {
    const { slots, limit } = setup();
    const gate = deferred();
    const abort = new AbortController();
    const answered = outcome(pipeline(slots, limit).execute(() => gate.promise, { signal: abort.signal }));
    abort.abort('gone');
    expect(await answered).toBe('gone');
    expect(slots.inUse).toBe(1);
    gate.resolve();
    await settle();
    expect(slots.inUse).toBe(0);
  });
});

describe('a timeout around a semaphore', () => {
  it('lets the queue refuse a call that never ran, and does not count it as timed out', async () => {
    const { clock, slots, limit } = setup();
    slots.tryAcquire();
    const answered = outcome(pipeline(limit, slots).execute(() => 1));
    await clock.advance(99);
    expect(slots.queued).toBe(1);
    await clock.advance(1);
    expect(await answered).toMatchObject({ reason: 'deadline', policy: 'slots' });
    expect(slots.queued).toBe(0);
    const timedOut = collect([limit]).get(TIMEOUT_METRICS.timeouts)!;
    expect(timedOut.map(({ value }) => value)).toEqual([0, 0]);
  });

  it('answers for an operation that runs too long after its wait, which keeps its permit', async () => {
    const { clock, slots, limit } = setup();
    const permit = slots.tryAcquire()!;
    const gate = deferred();
    const answered = outcome(pipeline(limit, slots).execute(() => gate.promise));
    await clock.advance(60);
    permit.success();
    await clock.advance(40);
    expect(await answered).toBeInstanceOf(TimeoutError);
    expect(slots.inUse).toBe(1);
    gate.resolve();
    await settle();
    expect(slots.inUse).toBe(0);
  });

  it('lets the queue refuse a call whose caller left while it waited', async () => {
    const { slots, limit } = setup();
    slots.tryAcquire();
    const abort = new AbortController();
    const answered = reasonOf(pipeline(limit, slots).execute(() => 1, { signal: abort.signal }));
    abort.abort();
    expect(slots.queued).toBe(0);
    expect(await answered).toBe('aborted');
  });
});

describe('the deadline of a whole pipeline', () => {
  it('is refused by the queue it finds the call in', async () => {
    const { clock, slots } = setup();
    slots.tryAcquire();
    const inner = semaphore({ name: 'inner', permits: 1, clock });
    const answered = outcome(pipeline(inner, slots).execute(() => 1, { deadline: 50 }));
    await clock.advance(50);
    expect(await answered).toMatchObject({ reason: 'deadline', policy: 'slots' });
    expect(inner.inUse).toBe(0);
  });

  it('answers for an operation that runs too long, which keeps its permit', async () => {
    const { clock, slots } = setup();
    const gate = deferred();
    let aborted = false;
    const answered = outcome(
      pipeline(slots).execute(
        ({ signal }) => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return gate.promise;
        },
        { deadline: 50 },
      ),
    );
    await clock.advance(50);
    expect(await answered).toBeInstanceOf(TimeoutError);
    expect(aborted).toBe(true);
    expect(slots.inUse).toBe(1);
    gate.resolve();
    await settle();
    expect(slots.inUse).toBe(0);
  });
});

describe('semaphores in each other', () => {
  it('give everything back when the inner one refuses', async () => {
    const { slots, clock } = setup(2);
    const inner = semaphore({ name: 'inner', permits: 1, maxQueue: 0, clock });
    const both = pipeline(slots, inner);
    const gate = deferred();
    const first = both.execute(() => gate.promise);
    const refused = await outcome(both.execute(() => 1));
    expect(refused).toMatchObject({ policy: 'inner', reason: 'queue-full' });
    expect(slots.inUse).toBe(1);
    gate.resolve();
    await first;
    expect(slots.inUse).toBe(0);
    expect(inner.inUse).toBe(0);
  });

  it('pass a deadline through a policy of somebody else', async () => {
    const { slots, clock } = setup();
    slots.tryAcquire();
    // Says when it wants an answer, and leaves it to others to see to it.
    const guest: Policy = {
      name: 'guest',
      execute: async (operation) =>
        operation({ signal: new AbortController().signal, deadline: clock.now() + 30, attempt: 1 }),
    };
    const answered = outcome(pipeline(guest, slots).execute(() => 1));
    await clock.advance(30);
    expect(await answered).toBeInstanceOf(RejectedError);
    expect(await answered).toMatchObject({ reason: 'deadline' });
  });
});
