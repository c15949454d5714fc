import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import type { BatchPoolOptions } from './options.js';
import { batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

/** One worker and room for four items: two in flight and two queued. */
function setUp(options: Partial<BatchPoolOptions<string>> = {}) {
  const clock = new VirtualClock();
  const processor = new Processor<string>();
  const pool = batchPool<string>({
    batchSize: 2,
    maxAgeMs: 100,
    workers: 1,
    maxQueued: 4,
    process: processor.process,
    clock,
    ...options,
  });
  const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
  const seen = () => processor.seen.map((items) => items.join(''));
  return { clock, processor, pool, add, seen };
}

describe('a batch pool without room', () => {
  it('lets callers wait, and takes their items first come, first served', async () => {
    const { processor, pool, add, seen } = setUp();
    const fates = add('abcdefgh');
    expect([pool.inFlight, pool.queued, pool.waiting]).toEqual([2, 2, 4]);
    await processor.running[0]!.succeed();
    expect([pool.inFlight, pool.queued, pool.waiting]).toEqual([2, 2, 2]);
    await processor.running[0]!.succeed();
    await processor.running[0]!.succeed();
    await processor.running[0]!.succeed();
    expect(seen()).toEqual(['ab', 'cd', 'ef', 'gh']);
    expect(fates.map((fate) => fate())).toEqual(new Array(8).fill('value undefined'));
  });

  it('never lets a later item overtake those who wait', async () => {
    const { processor, pool, add, seen } = setUp();
    add('abcde');
    await processor.running[0]!.succeed();
    expect(pool.waiting).toBe(0);
    add('f');
    await processor.running[0]!.succeed();
    expect(seen()).toEqual(['ab', 'cd', 'ef']);
  });

  it('answers those who waited with the outcomes of their own items', async () => {
    const clock = new VirtualClock();
    const processor = new Processor<string, string>();
    const pool = batchPool<string, string>({
      batchSize: 2,
      workers: 1,
      maxQueued: 2,
      process: processor.process,
      clock,
    });
    const fates = [...'abcd'].map((item) => fateOf(pool.add(item)));
    await processor.running[0]!.succeed([{ value: 'A' }, { value: 'B' }]);
    expect(fates.map((fate) => fate())).toEqual(['value A', 'value B', 'pending', 'pending']);
    await processor.running[0]!.succeed([{ value: 'C' }, { error: new Error('D') }]);
    expect(fates.map((fate) => fate())).toEqual(['value A', 'value B', 'value C', 'error D']);
  });

  it('rejects those who would wait when too many do', async () => {
    const { pool, add } = setUp({ maxWaiting: 1 });
    add('abcde');
    const refused = pool.add('f');
    await expect(refused).rejects.toBeInstanceOf(RejectedError);
    await expect(refused).rejects.toMatchObject({ policy: 'batch', reason: 'queue-full' });
    expect(pool.waiting).toBe(1);
  });

  it('lets ten thousand wait by default', async () => {
    const { pool } = setUp();
    for (let item = 0; item < 10_004; item++) void pool.add('x');
    expect(pool.waiting).toBe(10_000);
    await expect(pool.add('y')).rejects.toMatchObject({ reason: 'queue-full' });
  });

  it('rejects at once where that is asked for, whatever may wait', async () => {
    const { pool, add } = setUp({ whenFull: 'reject', maxWaiting: 100 });
    add('abcd');
    await expect(pool.add('e')).rejects.toMatchObject({ reason: 'queue-full' });
    expect(pool.waiting).toBe(0);
  });

  it('has room again as soon as a batch is done, good or bad', async () => {
    const { processor, pool, add } = setUp({ whenFull: 'reject' });
    add('abcd');
    await processor.running[0]!.fail(new Error('down'));
    expect(pool.queued + pool.inFlight).toBe(2);
    add('ef');
    expect(pool.tryAdd('g')).toBeUndefined();
  });
});

describe('tryAdd', () => {
  it("adds where there is room, with the item's own outcome", async () => {
    const { processor, pool, add } = setUp();
    add('a');
    const fate = fateOf(pool.tryAdd('b')!);
    await processor.running[0]!.fail(new Error('down'));
    expect(fate()).toBe('error down');
  });

  it('answers undefined where the item would have to wait', async () => {
    const { processor, pool, add, seen } = setUp();
    add('abcd');
    expect(pool.tryAdd('e')).toBeUndefined();
    expect(pool.waiting).toBe(0);
    await processor.running[0]!.succeed();
    expect(pool.tryAdd('f')).toBeDefined();
    expect(pool.tryAdd('g')).toBeDefined();
    await processor.running[0]!.succeed();
    expect(seen()).toEqual(['ab', 'cd', 'fg']);
  });

  it('answers undefined where the caller has left already, the deadline has passed or the pool is shut down', async () => {
    const { clock, pool } = setUp();
    await clock.advance(10);
    expect(pool.tryAdd('a', { signal: AbortSignal.abort() })).toBeUndefined();
    expect(pool.tryAdd('a', { deadline: 10 })).toBeUndefined();
    void pool.drain({ deadlineMs: 0 });
    await settle();
    expect(pool.tryAdd('a')).toBeUndefined();
    expect(pool.queued).toBe(0);
  });
});
