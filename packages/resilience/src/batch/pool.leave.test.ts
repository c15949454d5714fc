import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../core/errors.js';
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

describe('a caller of a batch pool who leaves', () => {
  describe('before the item is added', () => {
    it('is refused, with the reason of the signal', async () => {
      const { pool } = setUp();
      const reason = new Error('left');
      await expect(pool.add('a', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
        name: 'RejectedError',
        reason: 'aborted',
        cause: reason,
      });
      expect(pool.queued).toBe(0);
    });

    it('is refused at the deadline, not a moment before', async () => {
      const { pool } = setUp();
      await expect(pool.add('a', { deadline: 1_000 })).rejects.toMatchObject({ reason: 'deadline' });
      const fate = fateOf(pool.add('b', { deadline: 1_000.5 }));
      await settle();
      expect(fate()).toBe('pending');
    });
  });

  describe('while the item is queued', () => {
    it('takes it along: process never sees it, and the others keep their places and outcomes', async () => {
      const { processor, pool, add, seen } = setUp();
      const caller = new AbortController();
      const [first] = add('a');
      const leaver = pool.add('b', { signal: caller.signal });
      const reason = new Error('left');
      caller.abort(reason);
      await expect(leaver).rejects.toMatchObject({ name: 'RejectedError', reason: 'aborted', cause: reason });
      expect(pool.queued).toBe(1);
      const others = add('cd');
      expect(seen()).toEqual(['acd']);
      await processor.running[0]!.succeed();
      expect([first!(), others[0]!(), others[1]!()]).toEqual(new Array(3).fill('value undefined'));
    });

    it('is refused when the deadline passes, without a cause', async () => {
      const { clock, pool, seen } = setUp();
      const leaver = pool.add('a', { deadline: 1_030 });
      leaver.catch(() => {});
      const fate = fateOf(leaver);
      await clock.advance(29);
      expect(fate()).toBe('pending');
      await clock.advance(1);
      await expect(leaver).rejects.toMatchObject({ reason: 'deadline' });
      expect(await leaver.catch((error: Error) => error.cause)).toBeUndefined();
      await clock.advance(100);
      expect([seen(), pool.queued]).toEqual([[], 0]);
    });
  });

  it('makes room for the first who waits for it', async () => {
    const { processor, pool, add, seen } = setUp({ maxQueued: 4 });
    add('abc');
    const caller = new AbortController();
    pool.add('x', { signal: caller.signal }).catch(() => {});
    add('de');
    expect([pool.queued, pool.waiting]).toEqual([1, 2]);
    caller.abort();
    expect([pool.queued, pool.waiting]).toEqual([1, 1]);
    await processor.running[0]!.succeed();
    expect([pool.queued, pool.waiting]).toEqual([2, 0]);
    add('f');
    expect(seen()).toEqual(['abc', 'def']);
  });

  it('gives up a place among those who wait for room', async () => {
    const { clock, processor, pool, add, seen } = setUp({ maxQueued: 3 });
    add('abc');
    const caller = new AbortController();
    const aborted = fateOf(pool.add('x', { signal: caller.signal }));
    const late = fateOf(pool.add('y', { deadline: 1_020 }));
    add('def');
    expect(pool.waiting).toBe(5);
    caller.abort();
    await clock.advance(20);
    expect([aborted(), late(), pool.waiting, pool.inFlight]).toEqual(['rejected aborted', 'rejected deadline', 3, 3]);
    await processor.running[0]!.succeed();
    expect(seen()).toEqual(['abc', 'def']);
  });

  describe('while the item is in flight', () => {
    it('is answered at once with the reason of the signal; the others get what process says', async () => {
      const { processor, pool, add } = setUp();
      const caller = new AbortController();
      const [first] = add('a');
      const leaver = fateOf(pool.add('b', { signal: caller.signal }));
      const [last] = add('c');
      caller.abort(new Error('left'));
      await settle();
      expect([first!(), leaver(), last!()]).toEqual(['pending', 'error left', 'pending']);
      expect(processor.running[0]!.context.signal.aborted).toBe(false);
      expect(pool.inFlight).toBe(3);
      await processor.running[0]!.fail(new Error('down'));
      expect([first!(), leaver(), last!()]).toEqual(['error down', 'error left', 'error down']);
      expect(pool.inFlight).toBe(0);
    });

    it('gets a TimeoutError at the deadline, which names the time that the item had', async () => {
      const { clock, pool, add } = setUp();
      const leaver = pool.add('a', { deadline: 1_250 });
      leaver.catch(() => {});
      const fate = fateOf(leaver);
      add('bc');
      await clock.advance(249);
      expect(fate()).toBe('pending');
      await clock.advance(1);
      await expect(leaver).rejects.toBeInstanceOf(TimeoutError);
      await expect(leaver).rejects.toMatchObject({ policy: 'batch', timeoutMs: 250, stalled: false });
    });

    it('leaves its room taken until process has settled', async () => {
      const { processor, pool, add } = setUp({ maxQueued: 3 });
      const caller = new AbortController();
      pool.add('a', { signal: caller.signal }).catch(() => {});
      add('bcd');
      caller.abort();
      expect([pool.inFlight, pool.waiting]).toEqual([3, 1]);
      await processor.running[0]!.succeed();
      expect([pool.inFlight, pool.queued, pool.waiting]).toEqual([0, 1, 0]);
    });

    it('ends the work when it was the last one: the signal of process is aborted', async () => {
      const { processor, pool } = setUp({ batchSize: 2 });
      const callers = [new AbortController(), new AbortController()];
      const fates = callers.map((caller, index) => fateOf(pool.add(`${index}`, { signal: caller.signal })));
      const { signal } = processor.running[0]!.context;
      callers[0]!.abort(new Error('first'));
      expect(signal.aborted).toBe(false);
      callers[1]!.abort(new Error('last'));
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ message: 'last' });
      expect(pool.busy).toBe(1);
      await processor.running[0]!.succeed();
      expect(fates.map((fate) => fate())).toEqual(['error first', 'error last']);
      expect([pool.busy, pool.inFlight]).toEqual([0, 0]);
    });

    it('is not bisected any further when nobody wants the batch any more', async () => {
      const { processor, pool } = setUp({ batchSize: 2, isPoison: () => true });
      const caller = new AbortController();
      for (const item of 'ab') pool.add(item, { signal: caller.signal }).catch(() => {});
      caller.abort();
      await processor.running[0]!.fail(new Error('poison'));
      expect([processor.calls.length, pool.busy, pool.inFlight]).toEqual([1, 0, 0]);
    });
  });

  it('tells process the latest deadline of the items, if each has one', () => {
    const { processor, pool } = setUp();
    for (const deadline of [1_050, 1_090, 1_070]) pool.add('a', { deadline }).catch(() => {});
    expect(processor.running[0]!.context.deadline).toBe(1_090);
  });

  it.each([
    ['the first', ['a', 'b', 'c'], 0],
    ['the last', ['a', 'b', 'c'], 2],
  ])('tells process no deadline where %s has none', (_, items, without) => {
    const { processor, pool } = setUp();
    for (const [index, item] of items.entries()) {
      pool.add(item, index === without ? undefined : { deadline: 1_050 }).catch(() => {});
    }
    expect(processor.running[0]!.context.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('leaves no listener and no timer behind once the item has its outcome', async () => {
    const { clock, processor, pool } = setUp();
    const { signal } = new AbortController();
    const fates = ['a', 'b', 'c'].map((item) => fateOf(pool.add(item, { signal, deadline: 2_000 })));
    expect(getEventListeners(signal, 'abort')).toHaveLength(3);
    await processor.running[0]!.succeed();
    expect(fates.map((fate) => fate())).toEqual(new Array(3).fill('value undefined'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await clock.advance(100);
    expect(clock.timers).toBe(0);
  });

  it('may have said nothing: empty options cost no listener and no timer', async () => {
    const { clock, processor, pool } = setUp({ batchSize: 1 });
    const fate = fateOf(pool.add('a', {}));
    await processor.running[0]!.succeed();
    expect(fate()).toBe('value undefined');
    await clock.advance(100);
    expect(clock.timers).toBe(0);
  });
});
