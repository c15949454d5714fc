import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError } from '../core/errors.js';
import type { CircuitAdviser } from './adviser.js';
import * as single from './circuit-breaker.suite.js';
import * as keyed from './keyed-circuit-breaker.suite.js';

function adviserOf() {
  const heard: string[] = [];
  const adviser = {
    retryAfterMs: 250,
    allowed: Number.POSITIVE_INFINITY,
    probes(key: string | undefined): number {
      heard.push(`probes ${key}`);
      return this.allowed;
    },
    failed: (key, failures) => heard.push(`failed ${key} ${failures}`),
    succeeded: (key) => heard.push(`succeeded ${key}`),
    refused: (key) => heard.push(`refused ${key}`),
    moved: (key, { from, to, cause, openMs, attempts }) =>
      heard.push(`moved ${key} ${from} ${to} ${cause} ${openMs} ${attempts}`),
  } satisfies CircuitAdviser & { allowed: number };
  const take = () => heard.splice(0);
  return { adviser, take };
}

describe('an adviser of a circuit breaker', () => {
  it('hears what calls learn, is asked before each probe, and hears how it ended', async () => {
    const { breaker, clock, failing } = single.breakerOf({ failureThreshold: 3, maxProbes: 1 });
    const { adviser, take } = adviserOf();
    breaker.advise(adviser);
    await failing();
    await breaker.execute(single.succeed);
    expect(take()).toEqual(['failed undefined 1', 'succeeded undefined']);
    for (let call = 0; call < 4; call++) await failing();
    expect(take()).toEqual([
      'failed undefined 1',
      'failed undefined 2',
      'moved undefined closed open failures 1000 1',
      'refused undefined',
    ]);
    await clock.advance(1_000);
    await breaker.execute(single.succeed);
    expect(take().filter((word) => !word.startsWith('probes'))).toEqual([
      'moved undefined open half-open recovery-timeout 0 0',
    ]);
    await breaker.execute(single.succeed);
    expect(take().filter((word) => !word.startsWith('probes'))).toEqual([
      'moved undefined half-open closed recovered 0 0',
      'succeeded undefined',
    ]);
  });

  it('holds probes back, and the call is told when to ask again', async () => {
    const { breaker, clock, trip } = single.breakerOf();
    const { adviser } = adviserOf();
    breaker.advise(adviser);
    await trip();
    adviser.allowed = 0;
    await clock.advance(1_000);
    const refusal = await breaker.execute(single.succeed).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RejectedError);
    expect(refusal).toMatchObject({ reason: 'open', retryAfterMs: 250 });
    adviser.allowed = 1;
    expect(await breaker.execute(single.succeed)).toBe('fine');
  });

  it('says nothing any more once it is disposed, and another may come only then', async () => {
    const { breaker, clock, trip } = single.breakerOf();
    const { adviser, take } = adviserOf();
    const advice = breaker.advise(adviser);
    expect(() => breaker.advise(adviser)).toThrow(
      new ConfigError('web: it has an adviser already; dispose of what advise() returned for that one'),
    );
    adviser.allowed = 0;
    advice[Symbol.dispose]();
    await trip();
    await clock.advance(1_000);
    expect(await breaker.execute(single.succeed)).toBe('fine');
    expect(take()).toEqual([]);
    adviser.allowed = 1;
    breaker.advise(adviser);
    advice[Symbol.dispose]();
    await breaker.execute(single.succeed);
    expect(take()).toContain('succeeded undefined');
  });

  it('is told about each key of a keyed breaker, and not about keys at rest', async () => {
    const { breaker, clock, fail, succeed } = keyed.breakerOf();
    const { adviser, take } = adviserOf();
    breaker.advise(adviser);
    await succeed('rack-1');
    expect(take()).toEqual([]);
    await fail('rack-2');
    await succeed('rack-2');
    expect(take()).toEqual(['failed rack-2 1', 'succeeded rack-2']);
    for (let call = 0; call < 3; call++) await fail('rack-3');
    expect(take()).toEqual(['failed rack-3 1', 'moved rack-3 closed open failures 1000 1', 'refused rack-3']);
    adviser.allowed = 0;
    await clock.advance(1_000);
    await succeed('rack-3');
    expect(breaker.state('rack-3')).toBe('open');
    expect(take()).toEqual(['probes rack-3', 'refused rack-3']);
  });
});

describe('a hint', () => {
  it('opens a breaker and closes it again, as its events and counts say', async () => {
    const { breaker, rejection } = single.breakerOf();
    expect(breaker.trip({ openMs: 400, attempts: 2 })).toBe(true);
    expect([breaker.state, breaker.retryAfterMs, await rejection()]).toEqual(['open', 400, 'open']);
    expect(breaker.recover()).toBe(true);
    expect(breaker.recover()).toBe(false);
    expect(await rejection()).toBe('none');
    expect(single.samples([breaker])).toMatchObject({
      'web circuit_breaker_transitions_total open': 1,
      'web circuit_breaker_transitions_total closed': 1,
    });
  });

  it('is measured and refuses nothing in shadow mode', async () => {
    const { breaker, rejection } = single.breakerOf({ shadow: true });
    breaker.trip();
    expect([breaker.state, await rejection()]).toEqual(['open', 'none']);
    expect(single.samples([breaker])).toMatchObject({ 'web circuit_breaker_shadow_rejections_total open': 1 });
  });

  it('goes on in another process', () => {
    const { breaker, clock } = single.breakerOf();
    breaker.trip({ openMs: 400, attempts: 2 });
    const saved: unknown = JSON.parse(JSON.stringify(breaker.snapshot()));
    expect(saved).toEqual({
      version: 1,
      state: 'open',
      cause: 'hint',
      openedAt: clock.wall(),
      openMs: 400,
      attempts: 2,
    });
    const after = single.breakerOf().breaker;
    after.restore(saved);
    expect([after.state, after.retryAfterMs]).toEqual(['open', 400]);
  });

  it.each([
    [{ openMs: Number.NaN }, 'web: openMs is NaN; it must be a number of at least 0, or Infinity'],
    [{ openMs: -1 }, 'web: openMs is -1; it must be a number of at least 0, or Infinity'],
    [{ attempts: 0 }, 'web: attempts is 0; it must be a whole number from 1 to 1000000000'],
    [{ attempts: 1.5 }, 'web: attempts is 1.5; it must be a whole number from 1 to 1000000000'],
  ])('is refused when it says %j', (options, message) => {
    const { breaker } = single.breakerOf();
    expect(() => breaker.trip(options)).toThrow(new ConfigError(message));
    expect(breaker.state).toBe('closed');
  });

  it('gives a key at rest an entry, which goes when the key has recovered', async () => {
    const { breaker, keys, succeed } = keyed.breakerOf();
    expect(breaker.recover('rack-1')).toBe(false);
    expect(breaker.trip('rack-1', { openMs: 400 })).toBe(true);
    expect([...breaker.entries()]).toMatchObject([{ key: 'rack-1', state: 'open', retryAfterMs: 400 }]);
    expect(await succeed('rack-1')).toMatchObject({ reason: 'open', retryAfterMs: 400 });
    expect(breaker.recover('rack-1')).toBe(true);
    await succeed('rack-1');
    expect(keys()).toEqual([]);
  });

  it('takes the place of the oldest closed key at most', async () => {
    const { breaker, fail, keys } = keyed.breakerOf({ maxKeys: 2 });
    await fail('rack-1');
    expect(['rack-2', 'rack-3', 'rack-4'].map((key) => breaker.trip(key))).toEqual([true, true, false]);
    expect(keys()).toEqual(['rack-2', 'rack-3']);
  });

  it('does not let a call that began before count', () => {
    const { breaker } = keyed.breakerOf();
    const before = breaker.acquire({ key: 'rack-1' });
    breaker.trip('rack-1', { openMs: 400 });
    breaker.recover('rack-1');
    before.failure(keyed.down);
    expect([...breaker.entries()].filter(({ failures }) => failures > 0)).toEqual([]);
  });
});
