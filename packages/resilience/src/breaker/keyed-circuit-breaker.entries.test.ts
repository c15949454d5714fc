import { describe, expect, it } from 'vitest';
import { breakerOf, down, values } from './keyed-circuit-breaker.suite.js';

describe('the entries of a keyed circuit breaker', () => {
  describe('kept', () => {
    it('is nothing for a key that never failed', async () => {
      const { breaker, succeed, keys } = breakerOf();
      for (const key of ['a', 'b', 'c']) await succeed(key);
      await breaker.execute(() => Promise.reject(down), { key: 'd', signal: AbortSignal.abort() }).catch(() => {});
      breaker.acquire({ key: 'e' }).ignore();
      expect(keys()).toEqual([]);
      expect(breaker.counts()).toEqual({ closed: 0, open: 0, 'half-open': 0, isolated: 0, disabled: 0 });
    });

    it('is an entry from the first failure to the next success', async () => {
      const { fail, succeed, keys } = breakerOf();
      await fail('a');
      expect(keys()).toEqual(['a']);
      await succeed('a');
      expect(keys()).toEqual([]);
    });

    it('is nothing for a key that has recovered', async () => {
      const { clock, succeed, trip, keys } = breakerOf();
      await trip('a');
      await clock.advance(1_000);
      await succeed('a');
      expect(keys()).toEqual([]);
    });

    it('is the entry of a recovered key for as long as a call of before might come back', async () => {
      const { breaker, clock, succeed, trip, keys } = breakerOf();
      const old = breaker.acquire({ key: 'a' });
      await trip('a');
      await clock.advance(1_000);
      await succeed('a');
      expect(keys()).toEqual(['a']);
      old.failure();
      expect(keys()).toEqual([]);
    });

    it('is the entry of a recovered key until its ramp-up is over', async () => {
      const { clock, succeed, trip, keys } = breakerOf({ rampUpMs: 100, random: () => 0 });
      await trip('a');
      await clock.advance(1_000);
      await succeed('a');
      await succeed('a');
      expect(keys()).toEqual(['a']);
      await clock.advance(100);
      await succeed('a');
      expect(keys()).toEqual([]);
    });

    it('is nothing of a reset, unless a call of before might come back', async () => {
      const { breaker, trip, keys } = breakerOf();
      await trip('a');
      breaker.reset('a');
      breaker.reset('never seen');
      expect(keys()).toEqual([]);
      expect(breaker.counts()).toEqual({ closed: 0, open: 0, 'half-open': 0, isolated: 0, disabled: 0 });
      const old = breaker.acquire({ key: 'b' });
      breaker.reset('b');
      old.failure();
      expect(keys()).toEqual([]);
      expect(values(breaker)).toMatchObject({ 'circuit_breaker_calls_total late': 1 });
    });

    it('is an entry for every key that was called, with a window', async () => {
      const { breaker, succeed, keys } = breakerOf({ trip: { window: 'count' } });
      await succeed('a');
      breaker.acquire({ key: 'b' }).ignore();
      expect(keys()).toEqual(['a']);
    });
  });

  describe('at their bound', () => {
    it('forgets the closed circuit whose last result is oldest', async () => {
      const { breaker, fail, keys } = breakerOf({ maxKeys: 3, failureThreshold: 9 });
      for (const key of ['a', 'b', 'c', 'a', 'd']) await fail(key);
      expect(keys().sort()).toEqual(['a', 'c', 'd']);
      expect(values(breaker)).toMatchObject({ circuit_breaker_key_evictions_total: 1 });
      await fail('b');
      expect(keys().sort()).toEqual(['a', 'b', 'd']);
    });

    it('forgets the failures of what it forgot', async () => {
      const { breaker, fail } = breakerOf({ maxKeys: 1 });
      await fail('a');
      await fail('b');
      await fail('a');
      expect(breaker.state('a')).toBe('closed');
      await fail('a');
      expect(breaker.state('a')).toBe('open');
    });

    it('never forgets a circuit that is not closed', async () => {
      const { breaker, clock, fail, trip, keys } = breakerOf({ maxKeys: 3 });
      await trip('open');
      await trip('half-open');
      await clock.advance(1_000);
      breaker.acquire({ key: 'half-open' });
      breaker.isolate('isolated');
      for (const key of ['x', 'y', 'z']) await fail(key);
      expect(keys().sort()).toEqual(['half-open', 'isolated', 'open']);
      expect(values(breaker)).toMatchObject({
        circuit_breaker_key_evictions_total: 0,
        circuit_breaker_untracked_results_total: 3,
        'circuit_breaker_calls_total failure': 7,
      });
    });

    it('lets untracked keys run, and tracks them when there is room again', async () => {
      const { breaker, fail, trip, succeed } = breakerOf({ maxKeys: 1 });
      await trip('a');
      for (let call = 0; call < 5; call++) expect(await fail('b')).toBe(down);
      expect(await succeed('b')).toBe('fine');
      expect(breaker.state('b')).toBe('closed');
      breaker.reset('a');
      await trip('b');
      expect(values(breaker)).toMatchObject({ circuit_breaker_untracked_results_total: 5 });
    });

    it('isolates beyond it: an order is not to be lost', async () => {
      const { breaker, trip, succeed } = breakerOf({ maxKeys: 1 });
      await trip('a');
      const hold = breaker.isolate('b');
      expect(await succeed('b')).toMatchObject({ reason: 'isolated' });
      hold[Symbol.dispose]();
      expect(await succeed('b')).toBe('fine');
      expect(breaker.state('a')).toBe('open');
    });

    it('makes room for an order where it can', async () => {
      const { breaker, fail, keys } = breakerOf({ maxKeys: 1 });
      await fail('a');
      breaker.isolate('b');
      expect(keys()).toEqual(['b']);
    });

    it('does not wait for the calls of an entry that it forgot', async () => {
      const { breaker, clock, fail, trip, succeed, keys } = breakerOf({ maxKeys: 1, failureThreshold: 2 });
      const old = breaker.acquire({ key: 'a' });
      await trip('a');
      await clock.advance(1_000);
      await succeed('a');
      await fail('b');
      expect(keys()).toEqual(['b']);
      old.failure();
      expect(keys()).toEqual(['a']);
      expect(breaker.counts().closed).toBe(1);
    });
  });
});
