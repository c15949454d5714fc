import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import type { BatchPoolOptions } from './options.js';
import { batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

function setUp(options: Partial<BatchPoolOptions<string>> = {}) {
  const clock = new VirtualClock({ nowMs: 1_000 });
  const processor = new Processor<string>();
  const pool = batchPool<string>({
    batchSize: 3,
    maxAgeMs: 100,
    workers: 1,
    maxQueued: 6,
    process: processor.process,
    clock,
    ...options,
  });
  const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
  const seen = () => processor.seen.map((items) => items.join(''));
  return { clock, processor, pool, add, seen };
}

describe('flush', () => {
  it('sends what is queued at once', async () => {
    const { pool, add, seen } = setUp();
    add('ab');
    void pool.flush();
    expect(seen()).toEqual(['ab']);
  });

  it('resolves at once when there is nothing to wait for', async () => {
    const { pool } = setUp();
    await expect(pool.flush()).resolves.toBeUndefined();
  });

  it('resolves when each item added before has its outcome, good or bad, in whatever order', async () => {
    const { processor, pool, add } = setUp({ workers: 3 });
    add('abcde');
    const flushed = fateOf(pool.flush());
    await processor.running[1]!.succeed();
    expect(flushed()).toBe('pending');
    await processor.running[0]!.fail(new Error('down'));
    expect(flushed()).toBe('value undefined');
  });

  it('does not wait for items that are added later', async () => {
    const { processor, pool, add } = setUp({ workers: 3 });
    add('a');
    const flushed = fateOf(pool.flush());
    add('bcd');
    await processor.running[1]!.succeed();
    expect(flushed()).toBe('pending');
    await processor.running[0]!.succeed();
    expect(flushed()).toBe('value undefined');
  });

  it('keeps items that are added later out of the flushed batch', () => {
    const { pool, add, seen } = setUp({ workers: 3 });
    add('a');
    void pool.flush();
    add('bc');
    expect(seen()).toEqual(['a']);
  });

  it('is answered for each of several flushes in turn', async () => {
    const { processor, pool, add } = setUp({ workers: 3 });
    add('a');
    const first = fateOf(pool.flush());
    add('b');
    const second = fateOf(pool.flush());
    const empty = fateOf(pool.flush());
    await processor.running[0]!.succeed();
    expect([first(), second(), empty()]).toEqual(['value undefined', 'pending', 'pending']);
    await processor.running[0]!.succeed();
    expect([second(), empty()]).toEqual(['value undefined', 'value undefined']);
  });

  it('sends those who wait for room without letting them wait for company', async () => {
    const { processor, pool, add, seen } = setUp({ maxQueued: 3 });
    add('abcd');
    const flushed = fateOf(pool.flush());
    add('e');
    expect(pool.waiting).toBe(2);
    await processor.running[0]!.succeed();
    expect(seen()).toEqual(['abc', 'd']);
    expect(flushed()).toBe('pending');
    await processor.running[0]!.succeed();
    expect(flushed()).toBe('value undefined');
    expect([seen(), pool.queued]).toEqual([['abc', 'd'], 1]);
  });

  it('counts an item whose caller leaves as answered', async () => {
    const { processor, pool, add } = setUp();
    add('abc');
    const caller = new AbortController();
    pool.add('d', { signal: caller.signal }).catch(() => {});
    const flushed = fateOf(pool.flush());
    await processor.running[0]!.succeed();
    expect(flushed()).toBe('pending');
    caller.abort();
    await settle();
    expect(flushed()).toBe('value undefined');
  });
});

describe('drain', () => {
  it('refuses further items as shut down', async () => {
    const { pool } = setUp();
    void pool.drain({ deadlineMs: 100 });
    await expect(pool.add('a')).rejects.toBeInstanceOf(RejectedError);
    await expect(pool.add('a')).rejects.toMatchObject({ reason: 'shutdown' });
  });

  it('resolves at once when there is nothing to do', async () => {
    const { clock, pool } = setUp();
    await expect(pool.drain({ deadlineMs: 100 })).resolves.toEqual({ cutOff: 0 });
    expect(clock.timers).toBe(0);
  });

  it('processes everything that was added, those who wait for room too', async () => {
    const { clock, processor, pool, add, seen } = setUp({ maxQueued: 3 });
    const fates = add('abcdefg');
    const drained = fateOf(pool.drain({ deadlineMs: 1_000 }).then((result) => result.cutOff));
    for (let batch = 0; batch < 3; batch++) {
      expect(drained()).toBe('pending');
      await processor.running[0]!.succeed();
    }
    expect(seen()).toEqual(['abc', 'def', 'g']);
    expect(fates.map((fate) => fate())).toEqual(new Array(7).fill('value undefined'));
    expect(drained()).toBe('value 0');
    await clock.advance(100);
    expect(clock.timers).toBe(0);
  });

  it('waits as long as it takes with an infinite deadline', async () => {
    const { clock, processor, pool, add } = setUp();
    add('abc');
    const drained = fateOf(pool.drain({ deadlineMs: Number.POSITIVE_INFINITY }).then((result) => result.cutOff));
    await clock.advance(1e9);
    expect([drained(), clock.timers]).toEqual(['pending', 0]);
    await processor.running[0]!.succeed();
    expect(drained()).toBe('value 0');
  });

  it('waits for a worker although its callers have left', async () => {
    const { processor, pool } = setUp({ batchSize: 1 });
    const caller = new AbortController();
    pool.add('a', { signal: caller.signal }).catch(() => {});
    caller.abort();
    const drained = fateOf(pool.drain({ deadlineMs: 100 }).then((result) => result.cutOff));
    await settle();
    expect(drained()).toBe('pending');
    await processor.running[0]!.succeed();
    expect(drained()).toBe('value 0');
  });

  it('at its deadline refuses what no worker has taken and aborts what is in flight', async () => {
    const { clock, processor, pool, add } = setUp({ maxQueued: 4 });
    const fates = add('abcdef');
    const queued = pool.add('g');
    queued.catch(() => {});
    const drained = fateOf(pool.drain({ deadlineMs: 100 }).then((result) => result.cutOff));
    const { signal } = processor.running[0]!.context;
    await clock.advance(99);
    expect([drained(), signal.aborted]).toEqual(['pending', false]);
    await clock.advance(1);
    expect(drained()).toBe('value 7');
    expect(fates.map((fate) => fate())).toEqual([
      'TimeoutError',
      'TimeoutError',
      'TimeoutError',
      'rejected shutdown',
      'rejected shutdown',
      'rejected shutdown',
    ]);
    await expect(queued).rejects.toMatchObject({ reason: 'shutdown', cause: { name: 'TimeoutError' } });
    expect(signal.reason).toBeInstanceOf(TimeoutError);
    expect(signal.reason).toMatchObject({ policy: 'batch', timeoutMs: 100, stalled: false });
    expect([pool.queued, pool.waiting, pool.inFlight, pool.busy]).toEqual([0, 0, 3, 1]);
    await processor.running[0]!.succeed();
    expect([pool.inFlight, pool.busy, fates[0]!()]).toEqual([0, 0, 'TimeoutError']);
  });

  it("tells process its deadline, where the items' own is later", async () => {
    const { clock, processor, pool, add } = setUp({ workers: 3 });
    add('abc');
    pool.add('d', { deadline: 1_050 }).catch(() => {});
    pool.flush().catch(() => {});
    pool.add('e', { deadline: 5_000 }).catch(() => {});
    await clock.advance(10);
    void pool.drain({ deadlineMs: 100 });
    expect(processor.calls.map((call) => call.context.deadline)).toEqual([Number.POSITIVE_INFINITY, 1_050, 1_110]);
  });

  it('twice ends at the earlier deadline, and each says what was cut off meanwhile', async () => {
    const { clock, pool, add } = setUp();
    add('abcd');
    const long = fateOf(pool.drain({ deadlineMs: 1_000 }).then((result) => result.cutOff));
    const short = fateOf(pool.drain({ deadlineMs: 50 }).then((result) => result.cutOff));
    await clock.advance(50);
    expect([long(), short()]).toEqual(['value 4', 'value 4']);
    await clock.advance(50);
    expect(clock.timers).toBe(0);
    await expect(pool.drain({ deadlineMs: 50 })).resolves.toEqual({ cutOff: 0 });
  });

  it('keeps the earlier deadline for process when a later drain allows more', async () => {
    const { processor, pool, add } = setUp({ maxQueued: 3 });
    add('abcd');
    void pool.drain({ deadlineMs: 50 });
    void pool.drain({ deadlineMs: 1_000 });
    await processor.running[0]!.succeed();
    expect(processor.running[0]!.context.deadline).toBe(1_050);
  });

  it('bisects no further after its deadline', async () => {
    const { clock, processor, pool, add } = setUp({ isPoison: () => true });
    const fates = add('abc');
    void pool.drain({ deadlineMs: 50 });
    await processor.running[0]!.fail(new Error('poison'));
    await clock.advance(50);
    await processor.running[0]!.fail(new Error('poison'));
    expect(processor.calls).toHaveLength(2);
    expect(fates.map((fate) => fate())).toEqual(new Array(3).fill('TimeoutError'));
    expect(pool.busy).toBe(0);
  });

  it.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])(
    'refuses a deadline of %d ms and stays open',
    async (deadlineMs) => {
      const { processor, pool, add } = setUp();
      expect(() => pool.drain({ deadlineMs })).toThrow(ConfigError);
      const [fate] = add('abc');
      await processor.running[0]!.succeed();
      expect(fate!()).toBe('value undefined');
    },
  );
});

describe('abort', () => {
  it('refuses what no worker has taken, and rejects what is in flight with the reason', async () => {
    const { clock, processor, pool, add } = setUp({ maxQueued: 4 });
    const fates = add('abcde');
    const waiting = pool.add('f');
    waiting.catch(() => {});
    const reason = new Error('crashed');
    const { signal } = processor.running[0]!.context;
    pool.abort(reason);
    await settle();
    expect(fates.map((fate) => fate())).toEqual([
      'error crashed',
      'error crashed',
      'error crashed',
      'rejected shutdown',
      'rejected shutdown',
    ]);
    await expect(waiting).rejects.toMatchObject({ reason: 'shutdown', cause: reason });
    expect([signal.aborted, signal.reason]).toEqual([true, reason]);
    await expect(pool.add('g')).rejects.toMatchObject({ reason: 'shutdown' });
    await clock.advance(100);
    expect(clock.timers).toBe(0);
  });

  it('leaves outcomes alone that were there before', async () => {
    const { processor, pool, add } = setUp({ isPoison: () => true, batchSize: 2 });
    const [first] = add('a');
    const second = fateOf(pool.add('b', { signal: new AbortController().signal }));
    await processor.running[0]!.fail(new Error('poison'));
    await processor.running[0]!.fail(new Error('bad'));
    pool.abort(new Error('crashed'));
    await settle();
    expect([first!(), second()]).toEqual(['error bad', 'error crashed']);
  });

  it('has a reason of its own by default', async () => {
    const { pool, add } = setUp({ name: 'points' });
    const item = pool.add('a');
    item.catch(() => {});
    add('bc');
    pool.abort();
    await expect(item).rejects.toMatchObject({ name: 'AbortError', message: 'points was aborted' });
  });

  it('ends a drain and a flush that wait', async () => {
    const { clock, pool, add } = setUp();
    add('abcd');
    const flushed = fateOf(pool.flush());
    const drained = fateOf(pool.drain({ deadlineMs: 1_000 }).then((result) => result.cutOff));
    pool.abort(new Error('crashed'));
    await settle();
    expect([flushed(), drained()]).toEqual(['value undefined', 'value 4']);
    await clock.advance(100);
    expect(clock.timers).toBe(0);
  });

  it('leaves nothing to wait for, although a worker has not come back', async () => {
    const { pool, add } = setUp();
    add('abc');
    pool.abort(new Error('crashed'));
    expect(pool.busy).toBe(1);
    await expect(pool.drain({ deadlineMs: Number.POSITIVE_INFINITY })).resolves.toEqual({ cutOff: 0 });
  });
});
