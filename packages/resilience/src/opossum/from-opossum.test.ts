import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import Opossum from 'opossum';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { circuitBreaker } from '../breaker/circuit-breaker.js';
import { deferred, samples } from '../breaker/circuit-breaker.suite.js';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import { pipeline } from '../core/pipeline.js';
import { collect } from '../metrics/collect.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { opossumAction } from './action.js';
import { fromOpossum } from './from-opossum.js';
import { advance, down, guestOf, useVirtualTime } from './from-opossum.suite.js';
import type { OpossumBreaker } from './opossum-breaker.js';

beforeEach(useVirtualTime);
afterEach(() => void vi.useRealTimers());

const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('fromOpossum', () => {
  it('runs the operation with its context, and gives its value or its very error back', async () => {
    const { policy } = guestOf();
    const options = { key: 'a', deadline: policy.clock.now() + 100 };
    expect(await policy.execute(({ attempt, deadline }) => ({ attempt, deadline }), options)).toEqual({
      attempt: 1,
      deadline: options.deadline,
    });
    expect(await caught(policy.execute(() => Promise.reject(down)))).toBe(down);
    const thrower = () => {
      throw down;
    };
    expect(await caught(policy.execute(thrower))).toBe(down);
  });

  it('refuses while open, says how long that lasts, and keeps the error of opossum as the cause', async () => {
    const { policy, fail } = guestOf();
    await fail();
    expect(policy.state).toBe('open');
    await advance(400);
    let ran = false;
    const error = await caught(policy.execute(() => (ran = true)));
    expect(ran).toBe(false);
    expect(error).toBeInstanceOf(RejectedError);
    expect(error).toMatchObject({ policy: 'web', reason: 'open', retryAfterMs: 600, cause: { code: 'EOPENBREAKER' } });
    expect(policy.retryAfterMs).toBe(600);
  });

  it('does not guess how long a breaker stays open that opened before it became a policy', async () => {
    const breaker = new Opossum(opossumAction, { timeout: false });
    breaker.open();
    const policy = fromOpossum(breaker);
    expect(policy.retryAfterMs).toBeUndefined();
    expect(await caught(policy.execute(() => 1))).toMatchObject({ reason: 'open', retryAfterMs: undefined });
  });

  it('refuses with probing while the one probe runs', async () => {
    const { policy, fail } = guestOf();
    await fail();
    await advance(1_000);
    expect(policy.state).toBe('half-open');
    const probe = deferred();
    const running = policy.execute(probe.operation);
    expect(await fail()).toMatchObject({ reason: 'probing', retryAfterMs: undefined });
    probe.resolve('fine');
    expect(await running).toBe('fine');
    expect(policy.state).toBe('closed');
    expect(policy.retryAfterMs).toBe(0);
  });

  it('refuses with queue-full what is over capacity', async () => {
    const { policy, fail } = guestOf({ capacity: 1, volumeThreshold: 10 });
    const first = deferred();
    const running = policy.execute(first.operation);
    expect(await fail()).toMatchObject({ reason: 'queue-full', cause: { code: 'ESEMLOCKED' } });
    first.resolve(1);
    await running;
    expect(await fail()).toBe(down);
  });

  it('refuses with shutdown once the breaker is shut down; what still runs is late', async () => {
    const { breaker, policy, fail } = guestOf({ timeout: 100 });
    const [first, hanging] = [deferred(), deferred()];
    const running = policy.execute(first.operation);
    let signal!: AbortSignal;
    const abandoned = caught(
      policy.execute((context) => {
        signal = context.signal;
        return hanging.operation();
      }),
    );
    breaker.shutdown();
    expect(await fail()).toMatchObject({ reason: 'shutdown' });
    first.resolve('fine');
    expect(await running).toBe('fine');
    await advance(100);
    expect(await abandoned).toBeInstanceOf(TimeoutError);
    expect(signal.aborted).toBe(true);
    expect(policy.state).toBe('isolated');
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total late': 2,
      'web circuit_breaker_rejections_total shutdown': 1,
      'web circuit_breaker_state isolated': 1,
    });
  });

  it('runs everything while the breaker is disabled', async () => {
    const { breaker, policy, fail } = guestOf({ timeout: 50 });
    breaker.disable();
    for (let call = 0; call < 5; call++) expect(await fail()).toBe(down);
    expect(policy.state).toBe('disabled');
    const slow = deferred();
    const running = policy.execute(({ deadline }) => slow.operation().then(() => deadline));
    await advance(1_000);
    slow.resolve(1);
    expect(await running).toBe(Number.POSITIVE_INFINITY);
    breaker.enable();
    expect(policy.state).toBe('closed');
  });

  it('gives the answers of its fallback, and passes on the errors of its fallback', async () => {
    const { breaker, policy, fail } = guestOf();
    breaker.fallback(() => 'spare');
    expect(await policy.execute(() => Promise.reject(down))).toBe('spare');
    expect(await policy.execute(() => 'never')).toBe('spare');
    const broken = Object.assign(new Error('no spare'), { code: 'EOPENBREAKER' });
    breaker.fallback(() => Promise.reject(broken));
    expect(await fail()).toBe(broken);
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total failure': 1,
      'web circuit_breaker_rejections_total open': 2,
    });
  });

  it('tells apart a call that an operation makes through the same breaker before it waits', async () => {
    const { breaker, policy } = guestOf();
    const inner = await policy.execute(() => {
      breaker.open();
      return caught(policy.execute(() => 'inner'));
    });
    expect(inner).toMatchObject({ reason: 'open' });
    expect(samples([policy])['web circuit_breaker_rejections_total open']).toBe(1);
  });

  it('takes errors of the operation for what they are, whatever their code', async () => {
    const { policy, fail } = guestOf({ timeout: 100, volumeThreshold: 100 });
    for (const code of ['EOPENBREAKER', 'ESEMLOCKED', 'ESHUTDOWN', 'ETIMEDOUT']) {
      const error = Object.assign(new Error('from afar'), { code });
      expect(await fail(error)).toBe(error);
    }
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total failure': 4,
      'web circuit_breaker_rejections_total open': 0,
      'web timeout_expired_total no': 0,
    });
  });

  it('keeps to itself what another policy of the same breaker does', async () => {
    const { breaker, policy, fail } = guestOf({ timeout: 50, volumeThreshold: 100 });
    const other = fromOpossum(breaker, { name: 'other' });
    await fail();
    const hanging = caught(policy.execute(deferred().operation));
    await advance(50);
    expect(await hanging).toBeInstanceOf(TimeoutError);
    expect(samples([other])).toMatchObject({
      'other circuit_breaker_calls_total failure': 0,
      'other timeout_expired_total no': 0,
    });
  });
});

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

  it('still aborts the operation where a fallback answers', async () => {
    const { breaker, policy } = guestOf({ timeout: 100 });
    breaker.fallback(() => 'spare');
    let signal!: AbortSignal;
    const answer = policy.execute((context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    await advance(100);
    expect(await answer).toBe('spare');
    expect(signal.aborted).toBe(true);
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

describe('what it reports', () => {
  const heard: ResilienceEvent[] = [];
  const listen = (event: unknown) => heard.push(event as ResilienceEvent);
  afterEach(() => {
    unsubscribe(RESILIENCE_CHANNEL, listen);
    heard.length = 0;
  });

  it('says each change of state and each refusal as our breakers do, its cause the guest', async () => {
    const { breaker, policy, fail } = guestOf();
    subscribe(RESILIENCE_CHANNEL, listen);
    await fail();
    await fail();
    await advance(1_000);
    await policy.execute(() => 1);
    breaker.disable();
    await policy.execute(() => 1);
    const state = { type: 'circuit_breaker.state', policy: 'web', cause: 'guest' };
    expect(heard).toStrictEqual([
      { ...state, from: 'closed', to: 'open', retryAfterMs: 1_000 },
      { type: 'rejected', policy: 'web', reason: 'open' },
      { ...state, from: 'open', to: 'half-open' },
      { ...state, from: 'half-open', to: 'closed' },
      { ...state, from: 'closed', to: 'disabled' },
    ]);
  });

  it('counts what our breakers count, under the same names', async () => {
    const { policy, fail } = guestOf();
    await policy.execute(() => 1);
    await fail();
    await fail();
    await fail();
    await advance(1_000);
    expect(samples([policy])).toEqual({
      'web circuit_breaker_calls_total success': 1,
      'web circuit_breaker_calls_total failure': 2,
      'web circuit_breaker_calls_total ignore': 0,
      'web circuit_breaker_calls_total late': 0,
      'web circuit_breaker_slow_calls_total': 0,
      'web circuit_breaker_rejections_total open': 1,
      'web circuit_breaker_rejections_total probing': 0,
      'web circuit_breaker_rejections_total shed': 0,
      'web circuit_breaker_rejections_total isolated': 0,
      'web circuit_breaker_rejections_total queue-full': 0,
      'web circuit_breaker_rejections_total shutdown': 0,
      'web circuit_breaker_transitions_total closed': 0,
      'web circuit_breaker_transitions_total open': 1,
      'web circuit_breaker_transitions_total half-open': 1,
      'web circuit_breaker_transitions_total isolated': 0,
      'web circuit_breaker_transitions_total disabled': 0,
      'web circuit_breaker_shadow': 0,
      'web circuit_breaker_state closed': 0,
      'web circuit_breaker_state open': 0,
      'web circuit_breaker_state half-open': 1,
      'web circuit_breaker_state isolated': 0,
      'web circuit_breaker_state disabled': 0,
    });
  });

  it('keeps to the labels that the definitions promise', async () => {
    const { policy, fail } = guestOf({ timeout: 100 });
    await fail();
    for (const [definition, values] of collect([policy])) {
      for (const { labels } of values) {
        expect(Object.keys(labels)).toEqual(Object.keys(definition.labels));
        for (const [label, value] of Object.entries(labels)) {
          const allowed = definition.labels[label]!;
          if (typeof allowed !== 'string') expect(allowed).toContain(value);
        }
      }
    }
  });

  it('goes by the name that it is given, else by the breaker’s, else by opossum', () => {
    expect(guestOf({}, { name: 'mine' }).policy.name).toBe('mine');
    expect(guestOf().policy.name).toBe('web');
    expect(fromOpossum(new Opossum(opossumAction)).name).toBe('opossum');
  });
});

describe('a breaker that cannot be a policy', () => {
  const refusal = (breaker: OpossumBreaker): unknown => {
    try {
      return fromOpossum(breaker);
    } catch (error) {
      return error;
    }
  };

  it('has an action of its own', () => {
    const error = refusal(new Opossum(async () => 1, { name: 'web' }) as never);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringMatching(/^web: .*new Opossum\(opossumAction, options\)$/) });
  });

  it.each(['cache', 'coalesce'])('has the option %s', (option) => {
    const error = refusal(new Opossum(opossumAction, { name: 'web', [option]: true }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringContaining(`web: the breaker's option ${option} is true`) });
  });

  it.each([undefined, null, 5, {}, () => 1])('is no breaker of opossum: %s', (value) => {
    expect(refusal(value as never)).toBeInstanceOf(ConfigError);
  });

  it('says what to do when it is fired by hand', async () => {
    const { breaker } = guestOf();
    expect(await caught(breaker.fire({ run: async () => 1 }))).toBeInstanceOf(ConfigError);
  });
});
