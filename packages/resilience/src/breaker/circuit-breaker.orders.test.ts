import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError } from '../core/errors.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { circuitBreaker } from './circuit-breaker.js';
import { breakerOf, deferred, down, samples, succeed } from './circuit-breaker.suite.js';

describe('orders to a circuit breaker', () => {
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

describe('a circuit breaker in shadow mode', () => {
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
