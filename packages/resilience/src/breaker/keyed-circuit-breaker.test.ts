import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL } from '../core/events.js';
import { pipeline } from '../core/pipeline.js';
import { settle } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { keyedCircuitBreaker } from './keyed-circuit-breaker.js';
import { breakerOf, down, values } from './keyed-circuit-breaker.suite.js';

describe('keyedCircuitBreaker', () => {
  it('opens the circuit of the key that fails, and no other', async () => {
    const { breaker, fail, succeed, trip } = breakerOf();
    await trip('a');
    expect(await fail('a')).toMatchObject({ reason: 'open', policy: 'targets', retryAfterMs: 1_000 });
    expect(await succeed('b')).toBe('fine');
    expect(breaker.state('b')).toBe('closed');
    expect(breaker.state('never called')).toBe('closed');
  });

  it('has the defaults of a single breaker, and a name', async () => {
    const breaker = keyedCircuitBreaker();
    expect(breaker.name).toBe('keyed-circuit-breaker');
    expect(breaker.settings).toMatchObject({ failureThreshold: 5, recoveryTimeoutMs: 60_000, successThreshold: 3 });
    expect(breaker.maxKeys).toBe(100_000);
    expect(keyedCircuitBreaker({ trip: { window: 'count' } }).maxKeys).toBe(10_000);
    expect(() => keyedCircuitBreaker({ maxKeys: 0 })).toThrow(ConfigError);
    expect(() => keyedCircuitBreaker({ name: 'x', maxKeys: 1.5 })).toThrow('x: maxKeys is 1.5');
  });

  it('asks for a key', async () => {
    const { breaker } = breakerOf();
    let ran = false;
    const call = breaker.execute(() => {
      ran = true;
    });
    await expect(call).rejects.toThrow(
      new ConfigError('targets: options.key is missing; pass the key that the call belongs to'),
    );
    expect(ran).toBe(false);
    expect(() => breaker.acquire({})).toThrow(ConfigError);
  });

  it('takes any string for a key', async () => {
    const { breaker, trip } = breakerOf();
    for (const key of ['', '__proto__', 'constructor']) {
      expect(breaker.state(key)).toBe('closed');
      await trip(key);
    }
    expect(breaker.counts().open).toBe(3);
  });

  describe('probing', () => {
    it('closes and reopens each circuit by itself', async () => {
      const { breaker, clock, fail, succeed, trip } = breakerOf();
      await trip('a');
      await trip('b');
      await clock.advance(1_000);
      await succeed('a');
      await fail('b');
      expect(breaker.state('a')).toBe('closed');
      expect(breaker.state('b')).toBe('open');
    });

    it('keeps the slot of a probe that runs on after its timeout', async () => {
      const { breaker, clock, trip, succeed } = breakerOf({
        classify: (outcome) => ('error' in outcome && outcome.error === down ? 'failure' : 'ignore'),
      });
      await trip('a');
      await clock.advance(1_000);
      let end!: (value: unknown) => void;
      const hung = new Promise((resolve) => {
        end = resolve;
      });
      const answer = pipeline(breaker, timeout({ timeoutMs: 50, clock }))
        .execute(() => hung, { key: 'a' })
        .catch((error: unknown) => error);
      await clock.advance(50);
      expect(await answer).toBeInstanceOf(TimeoutError);
      expect(await succeed('a')).toMatchObject({ reason: 'probing' });
      end('late');
      await settle();
      expect(await succeed('a')).toBe('fine');
    });
  });

  describe('by hand', () => {
    it('counts what the permit says, for its key', async () => {
      const { breaker } = breakerOf();
      breaker.acquire({ key: 'a' }).failure(down);
      breaker.acquire({ key: 'b' }).failure();
      breaker.acquire({ key: 'a' }).failure({ retryAfterMs: 7_000 });
      expect(breaker.state('b')).toBe('closed');
      expect(() => breaker.acquire({ key: 'a' })).toThrow(
        expect.objectContaining({ name: 'RejectedError', reason: 'open', retryAfterMs: 7_000 }),
      );
    });

    it('refuses a caller who left', () => {
      const { breaker } = breakerOf();
      expect(() => breaker.acquire({ key: 'a', signal: AbortSignal.abort() })).toThrow(RejectedError);
    });

    it('gives the probe slot back with the word', async () => {
      const { breaker, clock, trip } = breakerOf({ maxProbes: 1, successThreshold: 2 });
      await trip('a');
      await clock.advance(1_000);
      const probe = breaker.acquire({ key: 'a' });
      expect(() => breaker.acquire({ key: 'a' })).toThrow(expect.objectContaining({ reason: 'probing' }));
      probe.ignore();
      breaker.acquire({ key: 'a' }).success();
      breaker.acquire({ key: 'a' }).success();
      expect(breaker.state('a')).toBe('closed');
    });

    it('gives a permit that counts for nothing where a shadow would have refused', async () => {
      const { breaker, trip, fail } = breakerOf({ shadow: true });
      await trip('a');
      expect(await fail('a')).toBe(down);
      breaker.acquire({ key: 'a' }).success();
      expect(breaker.state('a')).toBe('open');
      expect(values(breaker)).toMatchObject({
        'circuit_breaker_calls_total success': 0,
        'circuit_breaker_calls_total failure': 2,
        'circuit_breaker_shadow_rejections_total open': 2,
      });
    });
  });

  it('measures slow calls of keys that have no entry yet', async () => {
    const { breaker, clock } = breakerOf({ trip: { window: 'count', calls: 1, slowCallMs: 10 } });
    await clock.advance(500);
    const quick = breaker.acquire({ key: 'quick' });
    await clock.advance(10);
    quick.success();
    expect(breaker.state('quick')).toBe('closed');
    const permit = breaker.acquire({ key: 'slow' });
    let end!: (value: unknown) => void;
    const running = breaker.execute(() => new Promise((resolve) => (end = resolve)), { key: 'slow too' });
    await clock.advance(11);
    permit.success();
    end('fine');
    await running;
    expect(breaker.state('slow')).toBe('open');
    expect(breaker.state('slow too')).toBe('open');
  });

  it('tells what it knows of each key that is not at rest', async () => {
    const { breaker, clock, fail, trip } = breakerOf();
    await clock.advance(12_345);
    await trip('open');
    await trip('half-open');
    const openedAt = clock.wall();
    await clock.advance(1_000);
    breaker.acquire({ key: 'half-open' });
    await fail('closed');
    breaker.isolate('isolated');
    const entries = new Map([...breaker.entries()].map((entry) => [entry.key, entry]));
    const none = { failures: 0, openedAt: undefined, retryAfterMs: undefined, lastError: undefined };
    expect(entries).toEqual(
      new Map([
        ['open', { ...none, key: 'open', state: 'open', openedAt, retryAfterMs: 0, lastError: 'ECONNREFUSED' }],
        ['half-open', { ...none, key: 'half-open', state: 'half-open', openedAt, lastError: 'ECONNREFUSED' }],
        ['closed', { ...none, key: 'closed', state: 'closed', failures: 1, lastError: 'ECONNREFUSED' }],
        ['isolated', { ...none, key: 'isolated', state: 'isolated' }],
      ]),
    );
    expect(breaker.counts()).toEqual({ closed: 1, open: 1, 'half-open': 1, isolated: 1, disabled: 0 });
  });

  it('remembers no error that came too late to count', async () => {
    const { breaker, trip } = breakerOf();
    const old = breaker.acquire({ key: 'a' });
    await trip('a');
    old.failure(new Error('old'));
    expect([...breaker.entries()]).toMatchObject([{ lastError: 'ECONNREFUSED' }]);
  });

  it('remembers the last failure, not what came after it', async () => {
    const { breaker, fail, succeed } = breakerOf({
      trip: { window: 'count' },
      classify: (outcome) => ('error' in outcome ? (outcome.error === down ? 'failure' : 'ignore') : 'success'),
    });
    await fail('a');
    await succeed('a');
    await breaker.execute(() => Promise.reject(new Error('404')), { key: 'a' }).catch(() => {});
    expect([...breaker.entries()]).toMatchObject([{ key: 'a', lastError: 'ECONNREFUSED' }]);
  });

  it('gives counts that nobody can change', () => {
    const { breaker } = breakerOf();
    breaker.counts().closed = 7;
    expect(breaker.counts().closed).toBe(0);
  });

  it('says the key in events, and in no metric', async () => {
    const heard: unknown[] = [];
    const listen = (event: unknown) => heard.push(event);
    const { breaker, trip, succeed } = breakerOf();
    subscribe(RESILIENCE_CHANNEL, listen);
    try {
      await trip('web-1');
      await succeed('web-1');
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    const named = { policy: 'targets', key: 'web-1' };
    expect(heard).toStrictEqual([
      { ...named, type: 'circuit_breaker.state', from: 'closed', to: 'open', cause: 'failures', retryAfterMs: 1_000 },
      { ...named, type: 'rejected', reason: 'open' },
    ]);
    expect(Object.keys(values(breaker)).join()).not.toContain('web-1');
    expect(values(breaker)).toMatchObject({
      'circuit_breaker_keys closed': 0,
      'circuit_breaker_keys open': 1,
      'circuit_breaker_keys half-open': 0,
      'circuit_breaker_keys isolated': 0,
      'circuit_breaker_keys disabled': 0,
      'circuit_breaker_transitions_total open': 1,
      'circuit_breaker_rejections_total open': 1,
      'circuit_breaker_calls_total failure': 2,
    });
  });

  describe('across a restart', () => {
    it('goes on key by key', async () => {
      const first = breakerOf();
      await first.trip('open');
      await first.fail('closed');
      first.breaker.isolate('isolated');
      const saved = JSON.stringify(first.breaker.snapshot());
      const { breaker, succeed, fail } = breakerOf();
      breaker.restore(JSON.parse(saved));
      expect(await succeed('open')).toMatchObject({ reason: 'open' });
      expect(await succeed('isolated')).toMatchObject({ reason: 'isolated' });
      await fail('closed');
      expect(breaker.state('closed')).toBe('open');
      breaker.reset('isolated');
      expect(await succeed('isolated')).toBe('fine');
    });

    it('changes nothing when the snapshot is wrong', async () => {
      const { breaker, keys } = breakerOf();
      const good = ['a', { version: 1, state: 'isolated' }];
      expect(() => breaker.restore({ version: 1, circuits: [good, ['b', {}]] })).toThrow(ConfigError);
      expect(keys()).toEqual([]);
    });

    it('counts what finds no room as untracked', () => {
      const { breaker, keys } = breakerOf({ maxKeys: 2 });
      const circuits = ['a', 'b', 'c'].map((key) => [key, { version: 1, state: 'isolated' }]);
      breaker.restore({ version: 1, circuits });
      expect(keys()).toEqual(['a', 'b']);
      expect(values(breaker)).toMatchObject({ circuit_breaker_untracked_results_total: 1 });
      breaker.restore({ version: 1, circuits: [['b', { version: 1, state: 'closed', failures: 1 }]] });
      expect(breaker.state('b')).toBe('closed');
    });
  });
});
