import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, type RejectionReason, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL } from '../core/events.js';
import { classifyHttp } from '../core/judge.js';
import type { Context, Options } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { retryBudget } from './budget.js';
import { type RetryOptions, retry } from './retry.js';

/** A policy that waits 100, 200, 400 … ms, and an operation that goes through `outcomes`, the last one for ever. */
function setup(options: RetryOptions = {}) {
  const clock = new VirtualClock();
  const backoff = () => {
    let delayMs = 50;
    return () => {
      delayMs *= 2;
      return delayMs;
    };
  };
  const policy = retry({ name: 'again', clock, backoff, ...options });
  const seen: Array<{ attempt: number; atMs: number }> = [];
  const contexts: Context[] = [];
  const run = (outcomes: unknown[], options?: Options) => {
    let turn = 0;
    return policy
      .execute((context) => {
        seen.push({ attempt: context.attempt, atMs: clock.now() });
        contexts.push(context);
        const outcome = outcomes[Math.min(turn++, outcomes.length - 1)];
        if (outcome instanceof Error) throw outcome;
        return outcome;
      }, options)
      .catch((error: unknown) => ({ error }));
  };
  const measured = () =>
    Object.fromEntries(
      [...collect([policy])].flatMap(([definition, samples]) =>
        samples.map(({ labels, value }) => [labels['reason'] ?? definition.name, value]),
      ),
    );
  return { clock, policy, run, seen, contexts, measured };
}

const no = new Error('no');
const busy = { status: 503 };
const fine = { status: 200 };

describe('retry', () => {
  it('does nothing about a success', async () => {
    const { run, seen, measured, clock } = setup();
    expect(await run(['yes'])).toBe('yes');
    expect(seen).toEqual([{ attempt: 1, atMs: 0 }]);
    expect(clock.timers).toBe(0);
    expect(measured()).toMatchObject({ retry_calls_total: 1, retry_attempts_total: 0, retry_recovered_total: 0 });
  });

  it('runs a failed operation again after the backoff, and says which attempt it is', async () => {
    const { run, seen, clock, measured } = setup();
    const result = run([no, no, 'yes']);
    await clock.advance(99);
    expect(seen).toHaveLength(1);
    expect(measured()['retry_waiting']).toBe(1);
    await clock.advance(1000);
    expect(await result).toBe('yes');
    expect(seen).toEqual([
      { attempt: 1, atMs: 0 },
      { attempt: 2, atMs: 100 },
      { attempt: 3, atMs: 300 },
    ]);
    expect(measured()).toMatchObject({
      retry_calls_total: 1,
      retry_attempts_total: 2,
      retry_recovered_total: 1,
      retry_waiting: 0,
      exhausted: 0,
    });
  });

  it('hands out the last error when the attempts are used up', async () => {
    const { run, clock, seen, measured } = setup();
    const result = run([no, no, new Error('last')]);
    await clock.advance(1000);
    expect(await result).toMatchObject({ error: { message: 'last' } });
    expect(seen).toHaveLength(3);
    expect(measured()).toMatchObject({ exhausted: 1, retry_recovered_total: 0 });
  });

  it('tries so often as it is told', async () => {
    const { run, clock, seen, measured } = setup({ maxAttempts: 5 });
    const result = run([no]);
    await clock.advance(10_000);
    await result;
    expect(seen).toHaveLength(5);
    const once = setup({ maxAttempts: 1 });
    expect(await once.run([no])).toEqual({ error: no });
    expect(once.measured()).toMatchObject({ exhausted: 1, retry_calls_total: 1 });
    expect(measured()['retry_attempts_total']).toBe(4);
  });

  it('retries a promise that rejects as it does an operation that throws', async () => {
    const { policy, clock } = setup();
    let turn = 0;
    const result = policy.execute(() => (turn++ === 0 ? Promise.reject(no) : Promise.resolve('yes')));
    await clock.advance(100);
    expect(await result).toBe('yes');
  });

  describe('with a classification', () => {
    it('retries an answer that is a failure, and hands out the last one', async () => {
      const { run, clock, seen } = setup({ classify: classifyHttp });
      const recovered = run([busy, fine]);
      const failed = run([busy]);
      await clock.advance(1000);
      expect(await recovered).toBe(fine);
      expect(await failed).toBe(busy);
      expect(seen).toHaveLength(5);
    });

    it('counts an answer as recovered only if it is none', async () => {
      const { run, clock, measured } = setup({ classify: classifyHttp });
      const results = [run([busy, fine]), run([busy]), run([fine])];
      await clock.advance(1000);
      await Promise.all(results);
      expect(measured()).toMatchObject({ retry_recovered_total: 1, exhausted: 1 });
    });

    it('leaves alone what is to be ignored', async () => {
      const { run, seen, measured } = setup({
        classify: (outcome) => ('error' in outcome && outcome.error === no ? 'ignore' : 'failure'),
      });
      expect(await run([no])).toEqual({ error: no });
      expect(seen).toHaveLength(1);
      expect(measured()).toMatchObject({ exhausted: 0, rejected: 0 });
    });

    it('stops when a later attempt is to be ignored, which is no recovery', async () => {
      const bad = new TypeError('bad');
      const { run, clock, measured } = setup({
        classify: (outcome) => ('error' in outcome && outcome.error === bad ? 'ignore' : 'failure'),
      });
      const result = run([no, bad]);
      await clock.advance(1000);
      expect(await result).toEqual({ error: bad });
      expect(measured()).toMatchObject({ retry_recovered_total: 0, exhausted: 0 });
    });

    it('hands out what the classification itself throws, and keeps its accounts', async () => {
      const wrong = new Error('wrong');
      const budget = retryBudget();
      const { run, clock } = setup({
        budget,
        classify: (outcome) => {
          if ('error' in outcome) return 'failure';
          throw wrong;
        },
      });
      expect(await run(['yes'])).toEqual({ error: wrong });
      const later = run([no, 'yes']);
      await clock.advance(100);
      expect(await later).toEqual({ error: wrong });
      expect([budget.calls, budget.retries]).toEqual([0, 0]);
    });
  });

  it('retries a timeout, also one that fell into a stall of our own', async () => {
    const { run, clock, seen } = setup();
    const result = run([TimeoutError.of('t', 10, true), TimeoutError.of('t', 10, false), 'yes']);
    await clock.advance(1000);
    expect(await result).toBe('yes');
    expect(seen).toHaveLength(3);
  });

  it('never retries a wrong option', async () => {
    const { run, seen, measured } = setup();
    const wrong = new ConfigError('wrong');
    expect(await run([wrong])).toEqual({ error: wrong });
    expect(seen).toHaveLength(1);
    expect(measured()).toMatchObject({ exhausted: 0 });
  });

  it('never retries what must not run twice', async () => {
    const { run, seen, measured } = setup();
    expect(await run([no], { idempotent: false })).toEqual({ error: no });
    expect(seen).toHaveLength(1);
    expect(measured()).toMatchObject({ 'not-idempotent': 1 });
    const second = run([no], { idempotent: true });
    expect(seen).toHaveLength(2);
    void second;
  });

  it.each<[RejectionReason, number]>([
    ['open', 3],
    ['queue-timeout', 3],
    ['deadline', 1],
    ['shutdown', 1],
  ])('goes by the table for a refusal from another pipeline: %s', async (reason, attempts) => {
    const { run, clock, seen, measured } = setup();
    const refused = RejectedError.of('other', reason);
    const result = run([refused]);
    await clock.advance(1000);
    expect(await result).toEqual({ error: refused });
    expect(seen).toHaveLength(attempts);
    expect(measured()).toMatchObject(attempts === 1 ? { rejected: 1, exhausted: 0 } : { rejected: 0, exhausted: 1 });
  });

  describe('when a server says how long to wait', () => {
    const withHeader = (value: string) => Object.assign(new Error('busy'), { headers: { 'retry-after': value } });

    it('waits that long if it is longer than the backoff', async () => {
      const { run, clock, seen } = setup();
      const result = run([withHeader('2'), withHeader('0'), 'yes']);
      await clock.advance(5000);
      expect(await result).toBe('yes');
      expect(seen.map(({ atMs }) => atMs)).toEqual([0, 2000, 2200]);
    });

    it('reads it from an answer that is a failure, and reckons dates by the wall clock', async () => {
      const { run, clock, seen } = setup({ classify: classifyHttp });
      await clock.advance(4000);
      const date = new Date(clock.wall() + 3000).toUTCString();
      const result = run([{ status: 503, headers: new Headers({ 'retry-after': date }) }, fine]);
      await clock.advance(5000);
      expect(await result).toBe(fine);
      expect(seen.map(({ atMs }) => atMs)).toEqual([4000, 7000]);
    });

    it('gives up if that is longer than the cap', async () => {
      const { run, measured, clock, seen } = setup();
      const tooLong = withHeader('61');
      expect(await run([tooLong])).toEqual({ error: tooLong });
      expect(measured()).toMatchObject({ 'retry-after': 1 });
      const result = run([withHeader('60'), 'yes']);
      await clock.advance(60_000);
      expect(await result).toBe('yes');
      expect(seen).toHaveLength(3);
      const strict = setup({ maxRetryAfterMs: 500 });
      expect(await strict.run([withHeader('1')])).toMatchObject({ error: { message: 'busy' } });
      expect(strict.seen).toHaveLength(1);
    });

    it('gives up if that is past the deadline', async () => {
      const { run, measured } = setup();
      const busy = withHeader('2');
      expect(await run([busy], { deadline: 2000 })).toEqual({ error: busy });
      expect(measured()).toMatchObject({ deadline: 1 });
    });
  });

  describe('with a deadline', () => {
    it('makes no attempt that could only begin after it, and waits for none', async () => {
      const { run, clock, seen, measured } = setup();
      const result = run([no], { deadline: 300 });
      await clock.advance(100);
      expect(await result).toEqual({ error: no });
      expect(seen).toHaveLength(2);
      expect(clock.timers).toBe(0);
      expect(measured()).toMatchObject({ deadline: 1, exhausted: 0 });
    });

    it('hands the deadline on to every attempt', async () => {
      const { run, clock, contexts } = setup();
      const result = run([no, 'yes'], { deadline: 500 });
      await clock.advance(100);
      await result;
      expect(contexts.map(({ deadline }) => deadline)).toEqual([500, 500]);
    });

    it('makes no attempt if a late timer finds it passed', async () => {
      const { run, clock, seen, measured } = setup();
      const result = run([no], { deadline: 150 });
      await settle();
      clock.stall(200);
      await clock.advance(0);
      expect(await result).toEqual({ error: no });
      expect(seen).toHaveLength(1);
      expect(measured()).toMatchObject({ deadline: 1, retry_waiting: 0 });
    });
  });

  describe('when the caller aborts', () => {
    it('ends the wait at once, and runs nothing more', async () => {
      const budget = retryBudget();
      const { run, clock, seen, measured } = setup({ budget });
      const abort = new AbortController();
      const result = run([no], { signal: abort.signal });
      await clock.advance(50);
      expect([budget.calls, budget.retries]).toEqual([1, 1]);
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await result).toMatchObject({ error: { reason: 'aborted', policy: 'again', cause: reason } });
      await clock.advance(1000);
      expect(seen).toHaveLength(1);
      expect(clock.timers).toBe(0);
      expect(measured()).toMatchObject({ aborted: 1, retry_waiting: 0 });
      expect([budget.calls, budget.retries]).toEqual([0, 0]);
    });

    it('does not retry what failed because of it', async () => {
      const { policy, clock, measured } = setup();
      const abort = new AbortController();
      const result = policy
        .execute(({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(no))), {
          signal: abort.signal,
        })
        .catch((error: unknown) => error);
      abort.abort();
      expect(await result).toBe(no);
      expect(clock.timers).toBe(0);
      expect(measured()).toMatchObject({ aborted: 1, retry_attempts_total: 0 });
    });

    it('does not let the signal of an attempt that is over hold on to the caller', async () => {
      const { policy, clock } = setup();
      const abort = new AbortController();
      const signals: AbortSignal[] = [];
      const attempt = ({ signal }: Context) => {
        signals.push(signal);
        throw no;
      };
      const result = policy.execute(attempt, { signal: abort.signal }).catch((error: unknown) => error);
      await clock.advance(100);
      expect(signals).toHaveLength(2);
      abort.abort();
      expect(await result).toMatchObject({ reason: 'aborted' });
      expect(signals[1]!.aborted).toBe(false);
    });
  });

  describe('with a budget', () => {
    it('hands out the own error of a call whose retry is refused, and says so in a metric', async () => {
      const budget = retryBudget({ minConcurrency: 2, maxRate: 0 });
      const { run, clock, seen, measured } = setup({ budget, maxAttempts: 2 });
      const results = [run([no, 'yes']), run([no, 'yes']), run([no, 'yes'])];
      await settle();
      expect(await results[2]).toEqual({ error: no });
      expect([budget.calls, budget.retries]).toEqual([2, 2]);
      await clock.advance(1000);
      expect(await Promise.all(results)).toEqual(['yes', 'yes', { error: no }]);
      expect(seen).toHaveLength(5);
      expect(measured()).toMatchObject({ budget: 1, retry_recovered_total: 2 });
      expect([budget.calls, budget.retries]).toEqual([0, 0]);
    });

    it('hands out the failing answer where nothing was thrown', async () => {
      const { run } = setup({ budget: retryBudget({ minConcurrency: 0, maxRate: 0 }), classify: classifyHttp });
      const results = [run([busy]), run([busy])];
      expect(await results[1]).toBe(busy);
    });

    it('is shared by all policies that have it', async () => {
      const budget = retryBudget({ minConcurrency: 1, maxRate: 0 });
      const [one, two] = [setup({ budget }), setup({ budget })];
      void one.run([no, 'yes']);
      await settle();
      expect(await two.run([no, 'yes'])).toEqual({ error: no });
      await one.clock.advance(100);
      const again = two.run([no, 'yes']);
      await two.clock.advance(100);
      expect(await again).toBe('yes');
    });

    it('lets a call end that succeeds at once', async () => {
      const budget = retryBudget();
      const { run } = setup({ budget });
      const result = run(['yes']);
      expect(budget.calls).toBe(1);
      await result;
      expect(budget.calls).toBe(0);
    });

    it('counts calls that succeed, ignore, and run out of attempts, to their end', async () => {
      const budget = retryBudget();
      const { run, clock } = setup({ budget, classify: classifyHttp });
      const results = [run([fine]), run([busy]), run([no, fine]), run([new ConfigError('wrong')])];
      expect(budget.calls).toBe(4);
      await settle();
      expect([budget.calls, budget.retries]).toEqual([2, 2]);
      await clock.advance(1000);
      await Promise.all(results);
      expect([budget.calls, budget.retries]).toEqual([0, 0]);
    });
  });

  it('keeps any backoff below the maximum, and takes one that is no number for the maximum', async () => {
    const delays = [Number.NaN, Number.POSITIVE_INFINITY, -5, 5000];
    const { run, clock, seen } = setup({ maxAttempts: 5, maxDelayMs: 1000, backoff: () => () => delays.shift()! });
    const result = run([no]);
    await clock.advance(10_000);
    await result;
    expect(seen.map(({ atMs }) => atMs)).toEqual([0, 1000, 2000, 2000, 3000]);
  });

  it('draws its default backoff from the randomness it is given', async () => {
    const clock = new VirtualClock();
    const policy = retry({ clock, random: () => 0.5, baseDelayMs: 1000, maxDelayMs: 1050 });
    const at: number[] = [];
    const result = policy
      .execute(() => {
        at.push(Math.round(clock.now()));
        throw no;
      })
      .catch(() => {});
    await clock.advance(10_000);
    await result;
    expect(at).toEqual([0, 897, 1947]);
    expect(policy.name).toBe('retry');
  });

  it('has another backoff for each execution', async () => {
    const { run, clock, seen } = setup({ maxAttempts: 2 });
    for (let call = 0; call < 2; call++) {
      const result = run([no]);
      await clock.advance(100);
      await result;
    }
    expect(seen.map(({ atMs }) => atMs)).toEqual([0, 100, 100, 200]);
  });

  it('stays in the async context of its caller', async () => {
    const { policy, clock } = setup();
    const storage = new AsyncLocalStorage<string>();
    const seen: Array<string | undefined> = [];
    const result = storage.run('caller', () =>
      policy
        .execute(() => {
          seen.push(storage.getStore());
          throw no;
        })
        .catch(() => {}),
    );
    await clock.advance(1000);
    await result;
    expect(seen).toEqual(['caller', 'caller', 'caller']);
  });

  it('tells who listens about each retry', async () => {
    const events: unknown[] = [];
    const listen = (event: unknown) => void events.push(event);
    subscribe(RESILIENCE_CHANNEL, listen);
    try {
      const { run, clock } = setup({ classify: classifyHttp });
      const results = [run([no, busy, fine])];
      await clock.advance(1000);
      await Promise.all(results);
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    expect(events).toEqual([
      { type: 'retry', policy: 'again', attempt: 2, delayMs: 100, error: no },
      { type: 'retry', policy: 'again', attempt: 3, delayMs: 200 },
    ]);
  });

  it('names its policy in every metric', () => {
    for (const samples of collect([setup().policy]).values()) {
      for (const { labels } of samples) expect(labels['policy']).toBe('again');
    }
  });

  it.each([
    [{ maxAttempts: 0 }, 'again: maxAttempts is 0; it must be a whole number of at least 1'],
    [{ maxAttempts: 1.5 }, 'again: maxAttempts is 1.5'],
    [{ baseDelayMs: -1 }, 'again: baseDelayMs is -1'],
    [{ maxDelayMs: Number.NaN }, 'again: maxDelayMs is NaN'],
    [{ maxRetryAfterMs: -1 }, 'again: maxRetryAfterMs is -1'],
  ])('is not made from %j', (options, message) => {
    expect(() => setup(options)).toThrow(ConfigError);
    expect(() => setup(options)).toThrow(message);
  });
});
