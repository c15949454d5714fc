import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, type RejectionReason, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import { pipeline } from '../core/pipeline.js';
import type { Operation, Options } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { circuitBreaker } from './circuit-breaker.js';
import type { CircuitBreakerOptions } from './settings.js';

const down = new Error('down');
const fail: Operation<never> = () => Promise.reject(down);
const succeed: Operation<string> = () => 'fine';

function breakerOf(options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const breaker = circuitBreaker({
    name: 'web',
    clock,
    failureThreshold: 2,
    recoveryTimeoutMs: 1_000,
    successThreshold: 2,
    ...options,
  });
  const failing = (options?: Options) => breaker.execute(fail, options).catch((error: unknown) => error);
  const trip = async () => {
    await failing();
    await failing();
    expect(breaker.state).toBe('open');
  };
  const toHalfOpen = async () => {
    await trip();
    await clock.advance(1_000);
  };
  const rejection = async (): Promise<RejectionReason | 'none'> => {
    const answer = await breaker.execute(succeed).catch((error: unknown) => error);
    return answer instanceof RejectedError ? answer.reason : 'none';
  };
  return { breaker, clock, failing, trip, toHalfOpen, rejection };
}

/** An operation that the test ends when it likes. */
function deferred() {
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { operation: () => promise, resolve, reject };
}

const samples = (source: Parameters<typeof collect>[0]) =>
  Object.fromEntries(
    [...collect(source)].flatMap(([{ name }, values]) =>
      values.map(({ labels, value }) => {
        const { policy, ...rest } = labels;
        return [[policy, name, ...Object.values(rest)].join(' '), value];
      }),
    ),
  );

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

  describe('orders', () => {
    it('isolates until each hold is disposed, once', async () => {
      const { breaker, rejection } = breakerOf();
      const one = breaker.isolate();
      const two = breaker.isolate();
      one[Symbol.dispose]();
      one[Symbol.dispose]();
      expect(await rejection()).toBe('isolated');
      expect(breaker.state).toBe('isolated');
      two[Symbol.dispose]();
      expect(await rejection()).toBe('none');
    });

    it('ramps up from the instant of its release', async () => {
      const { breaker, clock, rejection } = breakerOf({ rampUpMs: 1_000, random: () => 0.5 });
      const hold = breaker.isolate();
      await clock.advance(10_000);
      hold[Symbol.dispose]();
      expect(await rejection()).toBe('shed');
      await clock.advance(500);
      expect(await rejection()).toBe('none');
    });

    it('lets everything run and counts nothing while it is disabled', async () => {
      const { breaker, trip, failing } = breakerOf();
      await trip();
      const hold = breaker.disable();
      for (let failure = 0; failure < 5; failure++) expect(await failing()).toBe(down);
      expect(breaker.state).toBe('disabled');
      hold[Symbol.dispose]();
      expect(breaker.state).toBe('closed');
      await failing();
      expect(breaker.state).toBe('closed');
    });

    it('ramps up after it was disabled, from the instant of its release', async () => {
      const { breaker, clock, rejection } = breakerOf({ rampUpMs: 1_000, random: () => 0.5 });
      const hold = breaker.disable();
      await clock.advance(10_000);
      hold[Symbol.dispose]();
      expect(await rejection()).toBe('shed');
    });

    it('resets to closed at once', async () => {
      const { breaker, trip, rejection } = breakerOf({ rampUpMs: 1_000, random: () => 0.99 });
      await trip();
      breaker.reset();
      expect(breaker.state).toBe('closed');
      expect(await rejection()).toBe('none');
    });

    it('survives a restart by a snapshot', async () => {
      const { breaker, clock, trip } = breakerOf();
      await trip();
      await clock.advance(100);
      const saved = JSON.stringify(breaker.snapshot());
      const restarted = new VirtualClock({ nowMs: 3, wallMs: clock.wall() + 200 });
      const next = circuitBreaker({ clock: restarted, recoveryTimeoutMs: 1_000 });
      next.restore(JSON.parse(saved));
      expect(next.state).toBe('open');
      expect(next.retryAfterMs).toBe(700);
      expect(() => next.restore({ version: 9 })).toThrow(ConfigError);
      expect(next.state).toBe('open');
    });

    it('fences calls that began before a restore', () => {
      const { breaker } = breakerOf({ failureThreshold: 1 });
      const permit = breaker.acquire();
      breaker.restore({ version: 1, state: 'closed', failures: 0 });
      permit.failure();
      expect(breaker.state).toBe('closed');
    });
  });

  describe('in shadow mode', () => {
    it('never refuses, and goes through its states all the same', async () => {
      const { breaker, clock, trip, failing, rejection } = breakerOf({ shadow: true, maxProbes: 1 });
      await trip();
      expect(await rejection()).toBe('none');
      expect(await failing()).toBe(down);
      expect(breaker.state).toBe('open');
      await clock.advance(1_000);
      const probe = deferred();
      const probing = breaker.execute(probe.operation);
      expect(breaker.state).toBe('half-open');
      expect(await failing()).toBe(down);
      expect(breaker.state).toBe('half-open');
      probe.resolve('fine');
      await probing;
      await breaker.execute(succeed);
      expect(breaker.state).toBe('closed');
    });

    it('gives permits that count for nothing where it would have refused', async () => {
      const { breaker, trip } = breakerOf({ shadow: true });
      await trip();
      breaker.acquire().failure();
      expect(breaker.state).toBe('open');
      expect(samples([breaker])).toMatchObject({ 'web circuit_breaker_calls_total failure': 2 });
    });

    it('still obeys an isolation: that is an order', async () => {
      const { breaker, rejection } = breakerOf({ shadow: true });
      breaker.isolate();
      expect(await rejection()).toBe('isolated');
      expect(() => breaker.acquire()).toThrow(RejectedError);
    });
  });

  describe('events', () => {
    const heard: ResilienceEvent[] = [];
    const listen = (event: unknown) => heard.push(event as ResilienceEvent);
    afterEach(() => {
      unsubscribe(RESILIENCE_CHANNEL, listen);
      heard.length = 0;
    });

    it('says each change of state and each refusal', async () => {
      const { breaker, clock, trip, rejection } = breakerOf();
      subscribe(RESILIENCE_CHANNEL, listen);
      await trip();
      await clock.advance(400);
      await rejection();
      await clock.advance(600);
      await breaker.execute(succeed);
      await breaker.execute(succeed);
      expect(heard).toStrictEqual([
        {
          type: 'circuit_breaker.state',
          policy: 'web',
          from: 'closed',
          to: 'open',
          cause: 'failures',
          retryAfterMs: 1_000,
        },
        { type: 'rejected', policy: 'web', reason: 'open' },
        { type: 'circuit_breaker.state', policy: 'web', from: 'open', to: 'half-open', cause: 'recovery-timeout' },
        { type: 'circuit_breaker.state', policy: 'web', from: 'half-open', to: 'closed', cause: 'recovered' },
      ]);
    });

    it('marks what a shadow would have done, and calls nothing rejected that ran', async () => {
      const { trip, rejection } = breakerOf({ shadow: true });
      subscribe(RESILIENCE_CHANNEL, listen);
      await trip();
      await rejection();
      expect(heard).toStrictEqual([
        {
          type: 'circuit_breaker.state',
          policy: 'web',
          from: 'closed',
          to: 'open',
          cause: 'failures',
          retryAfterMs: 1_000,
          shadow: true,
        },
      ]);
    });

    it('says nothing of a reset that changes nothing', () => {
      const { breaker } = breakerOf();
      subscribe(RESILIENCE_CHANNEL, listen);
      breaker.reset();
      expect(heard).toEqual([]);
    });
  });

  describe('metrics', () => {
    it('counts calls, refusals and changes of state', async () => {
      const { breaker, clock, trip, toHalfOpen, rejection } = breakerOf({ maxProbes: 1 });
      const late = deferred();
      const slowpoke = breaker.execute(late.operation);
      await toHalfOpen();
      breaker.acquire().ignore();
      const permit = breaker.acquire();
      await rejection();
      permit.failure();
      await rejection();
      await rejection();
      late.resolve('at last');
      await slowpoke;
      await clock.advance(1_000);
      await breaker.execute(succeed);
      await breaker.execute(succeed);
      const hold = breaker.isolate();
      await rejection();
      hold[Symbol.dispose]();
      await trip();
      expect(samples([breaker])).toEqual({
        'web circuit_breaker_calls_total success': 2,
        'web circuit_breaker_calls_total failure': 5,
        'web circuit_breaker_calls_total ignore': 1,
        'web circuit_breaker_calls_total late': 1,
        'web circuit_breaker_slow_calls_total': 0,
        'web circuit_breaker_rejections_total open': 2,
        'web circuit_breaker_rejections_total probing': 1,
        'web circuit_breaker_rejections_total shed': 0,
        'web circuit_breaker_rejections_total isolated': 1,
        'web circuit_breaker_transitions_total closed': 2,
        'web circuit_breaker_transitions_total open': 3,
        'web circuit_breaker_transitions_total half-open': 2,
        'web circuit_breaker_transitions_total isolated': 1,
        'web circuit_breaker_transitions_total disabled': 0,
        'web circuit_breaker_shadow': 0,
        'web circuit_breaker_state closed': 0,
        'web circuit_breaker_state open': 1,
        'web circuit_breaker_state half-open': 0,
        'web circuit_breaker_state isolated': 0,
        'web circuit_breaker_state disabled': 0,
      });
    });

    it('counts what a shadow would have refused under a name of its own', async () => {
      const { breaker, trip, rejection } = breakerOf({ shadow: true });
      await trip();
      await rejection();
      breaker.isolate();
      await rejection();
      const values = samples([breaker]);
      expect(values).toMatchObject({
        'web circuit_breaker_shadow': 1,
        'web circuit_breaker_shadow_rejections_total open': 1,
        'web circuit_breaker_rejections_total isolated': 1,
      });
      expect(values).not.toHaveProperty(['web circuit_breaker_rejections_total open']);
    });

    it('exports what it defines, with the labels and values that it promises', async () => {
      const { breaker, trip } = breakerOf();
      await trip();
      for (const [definition, values] of collect([breaker])) {
        for (const { labels } of values) {
          expect(Object.keys(labels)).toEqual(Object.keys(definition.labels));
          for (const [label, value] of Object.entries(labels)) {
            const allowed = definition.labels[label]!;
            if (typeof allowed !== 'string') expect(allowed).toContain(value);
          }
        }
      }
    });
  });
});
