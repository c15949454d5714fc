import Opossum from 'opossum';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred, samples } from '../breaker/circuit-breaker.suite.js';
import { RejectedError, TimeoutError } from '../core/errors.js';
import { opossumAction } from './action.js';
import { fromOpossum } from './from-opossum.js';
import { advance, caught, down, guestOf, useVirtualTime } from './from-opossum.suite.js';

beforeEach(useVirtualTime);
afterEach(() => void vi.useRealTimers());

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
    expect(samples([policy])).toMatchObject({ 'web circuit_breaker_calls_total failure': 5 });
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

  it('does not take for its own what an operation is refused that fires the breaker by hand', async () => {
    const { breaker, policy } = guestOf();
    const answer = policy.execute(() => {
      breaker.open();
      breaker.fire({ run: async () => 1 }).catch(() => {});
      return 'fine';
    });
    expect(await answer).toBe('fine');
    expect(samples([policy])).toMatchObject({
      'web circuit_breaker_calls_total success': 1,
      'web circuit_breaker_rejections_total open': 0,
    });
  });

  it('tells apart a call that a listener of the breaker makes before it answers', async () => {
    const { breaker, policy, fail } = guestOf();
    breaker.open();
    let inner: Promise<unknown> | undefined;
    breaker.once('fire', () => {
      inner = fail();
    });
    expect(await fail()).toMatchObject({ policy: 'web', reason: 'open' });
    expect(await inner).toMatchObject({ policy: 'web', reason: 'open' });
    expect(samples([policy])['web circuit_breaker_rejections_total open']).toBe(2);
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
    const hanging = caught(other.execute(deferred().operation));
    await advance(50);
    expect(await hanging).toMatchObject({ name: 'TimeoutError', policy: 'other' });
    expect(samples([policy, other])).toMatchObject({
      'web circuit_breaker_calls_total failure': 1,
      'web timeout_expired_total no': 0,
      'other circuit_breaker_calls_total failure': 1,
      'other timeout_expired_total no': 1,
    });
  });
});
