import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { circuitBreaker } from './circuit-breaker.js';
import { breakerOf, deferred, down, fail, succeed } from './circuit-breaker.suite.js';

describe('circuitBreaker', () => {
  it('hands results and errors through as they are', async () => {
    const { breaker } = breakerOf();
    await expect(breaker.execute(succeed)).resolves.toBe('fine');
    await expect(breaker.execute(fail)).rejects.toBe(down);
    await expect(
      breaker.execute(() => {
        throw down;
      }),
    ).rejects.toBe(down);
  });

  it('opens after 5 failures in a row, for 60 s, and closes after 3 successes, by default', async () => {
    const clock = new VirtualClock();
    const breaker = circuitBreaker({ clock });
    expect(breaker.name).toBe('circuit-breaker');
    for (let failure = 0; failure < 4; failure++) await breaker.execute(fail).catch(() => {});
    expect(breaker.state).toBe('closed');
    await breaker.execute(fail).catch(() => {});
    expect(breaker.state).toBe('open');
    await clock.advance(59_999);
    await expect(breaker.execute(succeed)).rejects.toBeInstanceOf(RejectedError);
    await clock.advance(1);
    await breaker.execute(succeed);
    await breaker.execute(succeed);
    expect(breaker.state).toBe('half-open');
    await breaker.execute(succeed);
    expect(breaker.state).toBe('closed');
  });

  it('does not run what it refuses, and says when to try again', async () => {
    const { breaker, clock, trip } = breakerOf();
    await trip();
    await clock.advance(250);
    let ran = false;
    const error = await breaker
      .execute(() => {
        ran = true;
      })
      .catch((error: unknown) => error);
    expect(ran).toBe(false);
    expect(error).toBeInstanceOf(RejectedError);
    expect(error).toMatchObject({
      policy: 'web',
      reason: 'open',
      retryAfterMs: 750,
      message: 'web rejected the call: its circuit is open (retry after 750 ms)',
    });
    expect(breaker.retryAfterMs).toBe(750);
  });

  it('stays open when its time is up, until somebody calls', async () => {
    const { breaker, clock, trip, rejection } = breakerOf();
    await trip();
    await clock.advance(5_000);
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterMs).toBe(0);
    expect(await rejection()).toBe('none');
    expect(breaker.state).toBe('half-open');
    expect(breaker.retryAfterMs).toBe(0);
  });

  it('refuses who comes when every probe is taken, and gives the slot on', async () => {
    const { breaker, toHalfOpen, rejection } = breakerOf({ maxProbes: 1 });
    await toHalfOpen();
    const probe = deferred();
    const probing = breaker.execute(probe.operation);
    const refused = await breaker.execute(succeed).catch((error: unknown) => error);
    expect(refused).toMatchObject({ reason: 'probing', retryAfterMs: undefined });
    probe.resolve('fine');
    await probing;
    expect(await rejection()).toBe('none');
    expect(breaker.state).toBe('closed');
  });

  it('reads no clock while it is closed and all is well', async () => {
    let reads = 0;
    const clock = new VirtualClock();
    const breaker = circuitBreaker({
      clock: { ...clock, now: () => ++reads, wall: () => 0, after: (ms, run) => clock.after(ms, run) },
    });
    await breaker.execute(succeed);
    breaker.acquire().success();
    expect(reads).toBe(0);
  });

  it('trips on the rate over a time window', async () => {
    const { breaker, clock, failing } = breakerOf({
      trip: { window: 'time', durationMs: 1_000, minimumCalls: 4 },
      failureThreshold: 99,
    });
    await failing();
    await failing();
    await breaker.execute(succeed);
    await clock.advance(1_000);
    await failing();
    expect(breaker.state).toBe('closed');
    for (const operation of [succeed, succeed, fail]) await breaker.execute(operation).catch(() => {});
    expect(breaker.state).toBe('open');
  });

  it('opens from now on when a success completes the minimum of a count window', async () => {
    const { breaker, clock, failing } = breakerOf({ trip: { window: 'count', calls: 2 }, failureThreshold: 99 });
    await clock.advance(500);
    await failing();
    await breaker.execute(succeed);
    expect(breaker.retryAfterMs).toBe(1_000);
  });

  it('stays open for as long as the failure asks', async () => {
    const { breaker, rejection } = breakerOf({ failureThreshold: 1 });
    await breaker
      .execute(() => Promise.reject(Object.assign(new Error('busy'), { retryAfterMs: 5_000 })))
      .catch(() => {});
    expect(breaker.retryAfterMs).toBe(5_000);
    expect(await rejection()).toBe('open');
  });

  it('stays open for as long as the answer that classify calls a failure asks', async () => {
    const { breaker, clock } = breakerOf({
      failureThreshold: 1,
      classify: (outcome) => ('value' in outcome ? 'failure' : 'ignore'),
    });
    const inTwoMinutes = new Date(Math.ceil(clock.wall() / 1_000) * 1_000 + 120_000);
    await breaker.execute(() => ({ status: 503, headers: { 'retry-after': inTwoMinutes.toUTCString() } }));
    expect(breaker.retryAfterMs).toBe(120_000);
  });

  it('sheds a part of the calls while it ramps up', async () => {
    let dice = 0.5;
    const { breaker, clock, toHalfOpen, rejection } = breakerOf({ rampUpMs: 1_000, random: () => dice });
    await toHalfOpen();
    await breaker.execute(succeed);
    await breaker.execute(succeed);
    expect(breaker.state).toBe('closed');
    expect(await rejection()).toBe('shed');
    dice = 0.09;
    expect(await rejection()).toBe('none');
    dice = 0.99;
    await clock.advance(1_000);
    expect(await rejection()).toBe('none');
  });

  describe('by hand', () => {
    it('counts what the permit says', async () => {
      const { breaker } = breakerOf();
      breaker.acquire().failure();
      breaker.acquire().success();
      breaker.acquire().failure();
      breaker.acquire().ignore();
      breaker.acquire()[Symbol.dispose]();
      expect(breaker.state).toBe('closed');
      breaker.acquire().failure();
      expect(breaker.state).toBe('open');
    });

    it('throws what it refuses', async () => {
      const { breaker, clock, trip } = breakerOf();
      await trip();
      await clock.advance(1);
      expect(() => breaker.acquire()).toThrow(RejectedError);
      expect(() => breaker.acquire()).toThrow(expect.objectContaining({ reason: 'open', retryAfterMs: 999 }));
    });

    it('gives probe slots back, with a word and without', async () => {
      const { breaker, toHalfOpen } = breakerOf({ maxProbes: 1, successThreshold: 5 });
      await toHalfOpen();
      for (const end of ['success', 'ignore', 'dispose'] as const) {
        const permit = breaker.acquire();
        expect(() => breaker.acquire()).toThrow(expect.objectContaining({ reason: 'probing' }));
        if (end === 'dispose') permit[Symbol.dispose]();
        else permit[end]();
      }
      breaker.acquire().success();
      expect(breaker.state).toBe('half-open');
    });

    it('obeys the wish of the error that it is told', () => {
      const { breaker } = breakerOf({ failureThreshold: 1 });
      breaker.acquire().failure({ retryAfterMs: 3_000 });
      expect(breaker.retryAfterMs).toBe(3_000);
    });

    it('refuses a caller who left, and one whose deadline is over, and takes no slot for them', async () => {
      const { breaker, clock, toHalfOpen } = breakerOf({ maxProbes: 1 });
      await toHalfOpen();
      const reason = new Error('gone');
      expect(() => breaker.acquire({ signal: AbortSignal.abort(reason) })).toThrow(
        expect.objectContaining({ reason: 'aborted', policy: 'web', cause: reason }),
      );
      expect(() => breaker.acquire({ deadline: clock.now() })).toThrow(expect.objectContaining({ reason: 'deadline' }));
      breaker.acquire({ deadline: clock.now() + 1, signal: new AbortController().signal }).success();
      expect(breaker.state).toBe('half-open');
    });
  });
});
