import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../core/errors.js';
import { pipeline } from '../core/pipeline.js';
import { settle } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { breakerOf, deferred, down, samples, succeed } from './circuit-breaker.suite.js';

describe('what a circuit breaker makes of outcomes', () => {
  describe('telling failures from what says nothing', () => {
    it('takes what classify calls a failure for one, although nothing was thrown', async () => {
      const { breaker } = breakerOf({
        classify: (outcome) => ('value' in outcome && outcome.value === 503 ? 'failure' : 'success'),
      });
      await expect(breaker.execute(() => 503)).resolves.toBe(503);
      await expect(breaker.execute(() => 503)).resolves.toBe(503);
      expect(breaker.state).toBe('open');
    });

    it('takes an error that classify calls a success for one', async () => {
      const { breaker, failing } = breakerOf({
        classify: (outcome) => ('error' in outcome ? 'success' : 'failure'),
      });
      await failing();
      await failing();
      expect(breaker.state).toBe('closed');
    });

    it('counts what classify ignores neither way', async () => {
      const { breaker, failing } = breakerOf({
        classify: (outcome) => ('error' in outcome ? (outcome.error === down ? 'failure' : 'ignore') : 'ignore'),
      });
      await failing();
      await breaker.execute(succeed);
      await breaker.execute(() => Promise.reject(new Error('404'))).catch(() => {});
      expect(breaker.state).toBe('closed');
      await failing();
      expect(breaker.state).toBe('open');
    });

    it('gives the probe slot of an ignored outcome back', async () => {
      const { breaker, toHalfOpen, rejection } = breakerOf({
        maxProbes: 1,
        classify: (outcome) => ('error' in outcome ? (outcome.error === down ? 'failure' : 'ignore') : 'success'),
      });
      await toHalfOpen();
      for (let probe = 0; probe < 3; probe++) {
        await breaker.execute(() => Promise.reject(new Error('404'))).catch(() => {});
        expect(breaker.state).toBe('half-open');
      }
      expect(await rejection()).toBe('none');
      expect(breaker.state).toBe('half-open');
    });

    it.each([
      ['value', () => 'fine'],
      ['error', () => Promise.reject(down)],
    ])('passes the error of a classify that throws at a %s on, and gives the slot back', async (_, operation) => {
      const bug = new Error('classify is broken');
      let broken = false;
      const { breaker, toHalfOpen, rejection } = breakerOf({
        maxProbes: 1,
        classify: (outcome) => {
          if (broken) throw bug;
          return 'error' in outcome ? 'failure' : 'success';
        },
      });
      await toHalfOpen();
      broken = true;
      await expect(breaker.execute(operation)).rejects.toBe(bug);
      broken = false;
      expect(breaker.state).toBe('half-open');
      expect(samples([breaker])).toMatchObject({ 'web circuit_breaker_calls_total ignore': 1 });
      expect(await rejection()).toBe('none');
    });

    it('ignores a timeout in which our own loop stood still', async () => {
      const { breaker } = breakerOf({ failureThreshold: 1 });
      await breaker.execute(() => Promise.reject(new TimeoutError('slow', 10, true))).catch(() => {});
      expect(breaker.state).toBe('closed');
      await breaker.execute(() => Promise.reject(new TimeoutError('slow', 10, false))).catch(() => {});
      expect(breaker.state).toBe('open');
    });

    it('ignores the refusal of an inner policy of its pipeline, but not that of another pipeline', async () => {
      const inner = breakerOf();
      await inner.trip();
      const { breaker } = breakerOf({ failureThreshold: 1 });
      await expect(pipeline(breaker, inner.breaker).execute(succeed)).rejects.toMatchObject({ reason: 'open' });
      expect(breaker.state).toBe('closed');
      await expect(breaker.execute(() => inner.breaker.execute(succeed))).rejects.toMatchObject({ reason: 'open' });
      expect(breaker.state).toBe('open');
    });

    it('ignores what becomes of a call whose caller left', async () => {
      const { breaker } = breakerOf({ failureThreshold: 1 });
      const controller = new AbortController();
      const call = deferred();
      const running = breaker.execute(call.operation, { signal: controller.signal });
      controller.abort();
      call.reject(down);
      await expect(running).rejects.toBe(down);
      expect(breaker.state).toBe('closed');
    });
  });

  describe('with operations that run on', () => {
    it('keeps the probe slot until the operation has settled, although the timeout said it failed long ago', async () => {
      const { breaker, clock, toHalfOpen, rejection } = breakerOf({
        maxProbes: 1,
        classify: (outcome) => ('error' in outcome && outcome.error === down ? 'failure' : 'ignore'),
      });
      await toHalfOpen();
      const hung = deferred();
      const answer = pipeline(breaker, timeout({ timeoutMs: 100, clock }))
        .execute(hung.operation)
        .catch((error: unknown) => error);
      await clock.advance(100);
      expect(await answer).toBeInstanceOf(TimeoutError);
      expect(await rejection()).toBe('probing');
      hung.resolve('late');
      await settle();
      expect(await rejection()).toBe('none');
    });

    it('counts the timeout of a probe at once', async () => {
      const { breaker, clock, toHalfOpen } = breakerOf();
      await toHalfOpen();
      const answer = pipeline(breaker, timeout({ timeoutMs: 100, clock }))
        .execute(deferred().operation)
        .catch((error: unknown) => error);
      await clock.advance(100);
      expect(await answer).toBeInstanceOf(TimeoutError);
      expect(breaker.state).toBe('open');
    });
  });

  describe('measuring how long calls take', () => {
    const trip = { window: 'count', calls: 2, failureRate: 1, slowCallMs: 100, slowCallRate: 1 } as const;

    async function taking(ms: number, context: ReturnType<typeof breakerOf>, error?: Error) {
      const call = deferred();
      const running = context.breaker.execute(call.operation).catch(() => {});
      await context.clock.advance(ms);
      if (error === undefined) call.resolve('fine');
      else call.reject(error);
      await running;
    }

    it('takes a call for slow when it is longer than slowCallMs, not when it is as long', async () => {
      const context = breakerOf({ trip, failureThreshold: 99 });
      await context.clock.advance(5_000);
      await taking(100, context);
      await taking(101, context);
      expect(context.breaker.state).toBe('closed');
      await taking(101, context);
      expect(context.breaker.state).toBe('open');
    });

    it('counts slow failures too, and reopens on a slow probe', async () => {
      const context = breakerOf({ trip, failureThreshold: 99 });
      await context.clock.advance(5_000);
      await taking(100, context, down);
      expect(samples([context.breaker])['web circuit_breaker_slow_calls_total']).toBe(0);
      await taking(10, context);
      await taking(101, context, down);
      await taking(101, context);
      expect(context.breaker.state).toBe('open');
      await context.clock.advance(1_000);
      await taking(101, context);
      expect(context.breaker.state).toBe('open');
      expect(samples([context.breaker])['web circuit_breaker_slow_calls_total']).toBe(3);
    });

    it('measures by hand too', async () => {
      const { breaker, clock } = breakerOf({ trip: { ...trip, calls: 1 } });
      const permit = breaker.acquire();
      await clock.advance(101);
      permit.success();
      expect(breaker.state).toBe('open');
    });
  });
});
