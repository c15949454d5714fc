import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { circuitBreaker } from '../breaker/circuit-breaker.js';
import { deferred, samples } from '../breaker/circuit-breaker.suite.js';
import { TimeoutError } from '../core/errors.js';
import { pipeline } from '../core/pipeline.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { advance, caught, down, guestOf, useVirtualTime } from './from-opossum.suite.js';

beforeEach(useVirtualTime);
afterEach(() => void vi.useRealTimers());

describe('a timeout of the breaker', () => {
  it('is a TimeoutError, aborts the signal, and counts as failure', async () => {
    const { policy } = guestOf({ timeout: 100 });
    let signal!: AbortSignal;
    let deadline!: number;
    const late = deferred();
    const answer = caught(
      policy.execute((context) => {
        ({ signal, deadline } = context);
        return late.operation();
      }),
    );
    expect(deadline).toBe(policy.clock.now() + 100);
    await advance(99);
    expect(signal.aborted).toBe(false);
    await advance(1);
    expect(signal.aborted).toBe(true);
    expect(await answer).toMatchObject({ name: 'TimeoutError', policy: 'web', timeoutMs: 100, stalled: false });
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total failure': 1,
      'web timeout_expired_total no': 1,
      'web timeout_operations_running_on': 1,
    });
    late.resolve(1);
    await settle();
    expect(samples([policy])).toMatchObject({ 'web timeout_operations_running_on': 0 });
  });

  it('says when the event loop stood still meanwhile', async () => {
    const { policy } = guestOf({ timeout: 1_000 });
    const answer = caught(policy.execute(deferred().operation));
    await advance(100);
    vi.setSystemTime(Date.now());
    const start = performance.now();
    const stalled = vi.spyOn(performance, 'now').mockImplementation(() => start + 5_000);
    await advance(900);
    stalled.mockRestore();
    expect(await answer).toMatchObject({ stalled: true });
  });

  it('leaves the permits around it with an operation that runs on', async () => {
    const { policy } = guestOf({ timeout: 100 });
    const slots = semaphore({ permits: 1 });
    const late = deferred();
    const answer = caught(pipeline(slots, policy).execute(late.operation));
    await advance(100);
    expect(await answer).toBeInstanceOf(TimeoutError);
    expect(slots.inUse).toBe(1);
    late.resolve(1);
    await settle();
    expect(slots.inUse).toBe(0);
  });

  it("is the queue's refusal for a call that stood in a queue all the time", async () => {
    const { policy } = guestOf({ timeout: 100 });
    const slots = semaphore({ name: 'slots', permits: 1 });
    const permit = slots.tryAcquire()!;
    const answer = caught(pipeline(policy, slots).execute(() => 1));
    await advance(100);
    expect(await answer).toMatchObject({ policy: 'slots', reason: 'deadline' });
    permit.ignore();
    expect(samples([policy])['web timeout_expired_total no']).toBe(0);
  });

  it('aborts the operation at once where a fallback takes its time to answer', async () => {
    const { breaker, policy } = guestOf({ timeout: 100 });
    const spare = deferred();
    breaker.fallback(spare.operation);
    let signal!: AbortSignal;
    const answer = policy.execute((context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    await advance(100);
    expect(signal.aborted).toBe(true);
    spare.resolve('spare');
    expect(await answer).toBe('spare');
  });
});

describe('what says nothing about the other side', () => {
  it('does not open the breaker: a refusal by an inner policy of the same pipeline', async () => {
    const { policy } = guestOf();
    const inner = circuitBreaker({ name: 'inner' });
    inner.isolate();
    const both = pipeline(policy, inner);
    for (let call = 0; call < 5; call++) {
      expect(await caught(both.execute(() => 1))).toMatchObject({ policy: 'inner', reason: 'isolated' });
    }
    expect(policy.state).toBe('closed');
    expect(samples([policy])).toMatchObject({ 'web circuit_breaker_calls_total ignore': 5 });
  });

  it('opens it all the same when the refusal comes out of another pipeline', async () => {
    const { policy } = guestOf();
    const other = circuitBreaker();
    other.isolate();
    await caught(policy.execute(() => other.execute(() => 1)));
    expect(policy.state).toBe('open');
  });

  it('is not a caller who left', async () => {
    const { policy } = guestOf();
    const leaving = new AbortController();
    const answer = caught(
      policy.execute(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
        { signal: leaving.signal },
      ),
    );
    leaving.abort(down);
    expect(await answer).toBe(down);
    expect(policy.state).toBe('closed');
  });

  it("is what the breaker's own errorFilter lets pass", async () => {
    const missing = new Error('404');
    const { policy, fail } = guestOf({ errorFilter: (error) => error === missing });
    expect(await fail(missing)).toBe(missing);
    expect(policy.state).toBe('closed');
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total ignore': 1,
      'web circuit_breaker_calls_total failure': 0,
    });
  });

  it('is refused by outer policies as their own kind', async () => {
    const { policy, fail } = guestOf();
    const outer = circuitBreaker({ failureThreshold: 1 });
    await fail();
    expect(await caught(pipeline(outer, policy).execute(() => 1))).toMatchObject({ policy: 'web', reason: 'open' });
    expect(outer.state).toBe('closed');
  });

  it('counts as a failure where a timeout further in is no stall', async () => {
    const { policy } = guestOf();
    const answer = caught(pipeline(policy, timeout({ timeoutMs: 100 })).execute(deferred().operation));
    await advance(100);
    expect(await answer).toBeInstanceOf(TimeoutError);
    expect(policy.state).toBe('open');
  });
});
