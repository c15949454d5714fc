import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { ConfigError } from '../core/errors.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { batchPoolFromEnv } from './env.js';
import type { BatchItemOutcome, BatchPoolOptions } from './options.js';
import { batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

function setUp<R = void>(options: Partial<BatchPoolOptions<string, R>> = {}) {
  const clock = new VirtualClock({ nowMs: 5_000 });
  const processor = new Processor<string, R>();
  const pool = batchPool<string, R>({
    batchSize: 3,
    maxAgeMs: 100,
    workers: 2,
    process: processor.process,
    clock,
    ...options,
  });
  const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
  return { clock, processor, pool, add };
}

const joined = (seen: ReadonlyArray<readonly string[]>) => seen.map((items) => items.join(''));

describe('a batch pool', () => {
  describe('forms batches', () => {
    it('that go at once when they are full, with the items in order', () => {
      const { processor, add } = setUp();
      add('ab');
      expect(processor.calls).toHaveLength(0);
      add('c');
      expect(joined(processor.seen)).toEqual(['abc']);
    });

    it('that go when their first item is old enough, not before', async () => {
      const { clock, processor, add } = setUp();
      add('a');
      await clock.advance(60);
      add('b');
      await clock.advance(39);
      expect(processor.calls).toHaveLength(0);
      await clock.advance(1);
      expect(joined(processor.seen)).toEqual(['ab']);
    });

    it('whose age counts anew for each batch', async () => {
      const { clock, processor, add } = setUp();
      add('abc');
      await clock.advance(50);
      add('d');
      await clock.advance(99);
      expect(joined(processor.seen)).toEqual(['abc']);
      await clock.advance(1);
      expect(joined(processor.seen)).toEqual(['abc', 'd']);
    });

    it('that go in the next turn when no age is allowed', async () => {
      const { clock, processor, add } = setUp({ maxAgeMs: 0 });
      add('a');
      expect(processor.calls).toHaveLength(0);
      await clock.advance(0);
      expect(joined(processor.seen)).toEqual(['a']);
    });

    it('by bytes, an item that is too large alone', () => {
      const { processor, add } = setUp({ batchSize: 10, maxBytes: 4, sizeOf: (item) => Number(item), workers: 10 });
      add('22');
      expect(joined(processor.seen)).toEqual(['22']);
      add('35');
      expect(joined(processor.seen)).toEqual(['22', '3', '5']);
      add('1');
      expect(joined(processor.seen)).toEqual(['22', '3', '5']);
    });

    it('that fail an item whose size cannot be told, and no other', async () => {
      const sizeOf = (item: string) => {
        if (item === 'x') throw new Error('no size');
        return item === 'n' ? Number.NaN : item === 'm' ? -1 : item === 'i' ? Number.POSITIVE_INFINITY : 0;
      };
      const { processor, pool, add } = setUp({ maxBytes: 4, sizeOf });
      const fates = add('axnmibc');
      await settle();
      expect(joined(processor.seen)).toEqual(['abc']);
      expect(fates.map((fate) => fate())).toEqual([
        'pending',
        'error no size',
        'TypeError',
        'TypeError',
        'TypeError',
        'pending',
        'pending',
      ]);
      await expect(pool.add('m')).rejects.toThrow(
        'batch: sizeOf answered -1; it must be a number of bytes of 0 or more',
      );
    });

    it('of a size that does not depend on how the queue grew', async () => {
      const { processor, add } = setUp({ workers: 1 });
      add('abcdefgh');
      expect(joined(processor.seen)).toEqual(['abc']);
      await processor.running[0]!.succeed();
      await processor.running[0]!.succeed();
      expect(joined(processor.seen)).toEqual(['abc', 'def']);
    });
  });

  describe('has a bounded number of workers', () => {
    it('which never run more batches at once than there are of them', async () => {
      const { processor, pool, add } = setUp();
      add('abcdefghi');
      expect(joined(processor.seen)).toEqual(['abc', 'def']);
      expect([pool.busy, pool.inFlight, pool.queued]).toEqual([2, 6, 3]);
      await processor.running[1]!.succeed();
      expect(joined(processor.seen)).toEqual(['abc', 'def', 'ghi']);
      expect([pool.busy, pool.inFlight, pool.queued]).toEqual([2, 6, 0]);
    });

    it('while all are busy, a batch that is old enough goes on filling', async () => {
      const { clock, processor, add } = setUp({ workers: 1 });
      add('abcd');
      await clock.advance(150);
      add('e');
      await processor.running[0]!.succeed();
      expect(joined(processor.seen)).toEqual(['abc', 'de']);
    });

    it('and a batch that is not old enough waits although a worker comes free', async () => {
      const { clock, processor, add } = setUp({ workers: 1 });
      add('abcd');
      await clock.advance(99);
      await processor.running[0]!.succeed();
      expect(joined(processor.seen)).toEqual(['abc']);
      await clock.advance(1);
      expect(joined(processor.seen)).toEqual(['abc', 'd']);
    });

    it('and takes what its own process adds', async () => {
      const clock = new VirtualClock();
      const seen: string[] = [];
      const pool = batchPool<string>({
        batchSize: 2,
        workers: 2,
        clock,
        process: (items) => {
          seen.push(items.join(''));
          if (items.includes('b')) for (const item of 'cdef') void pool.add(item);
        },
      });
      await Promise.all([pool.add('a'), pool.add('b')]);
      await pool.flush();
      expect(seen).toEqual(['ab', 'cd', 'ef']);
    });
  });

  describe('gives each item an outcome of its own', () => {
    it('success without a value when process answers nothing', async () => {
      const { processor, add } = setUp();
      const fates = add('abc');
      await processor.running[0]!.succeed();
      expect(fates.map((fate) => fate())).toEqual(['value undefined', 'value undefined', 'value undefined']);
    });

    it('what process says of it', async () => {
      const { processor, add } = setUp<number>();
      const fates = add('abc');
      await processor.running[0]!.succeed([{ value: 1 }, { error: new Error('bad b') }, { value: 3 }]);
      expect(fates.map((fate) => fate())).toEqual(['value 1', 'error bad b', 'value 3']);
    });

    it('what process threw, later or at once', async () => {
      const { processor, add } = setUp();
      const fates = add('abc');
      await processor.running[0]!.fail(new Error('down'));
      expect(fates.map((fate) => fate())).toEqual(['error down', 'error down', 'error down']);
      const thrower = batchPool<string>({
        batchSize: 1,
        process: () => {
          throw new Error('at once');
        },
      });
      await expect(thrower.add('a')).rejects.toThrow('at once');
    });

    it('an error when process answers for more or fewer items than it got', async () => {
      const { processor, pool, add } = setUp<number>();
      const fates = add('ab');
      const last = pool.add('c');
      last.catch(() => {});
      await processor.running[0]!.succeed([{ value: 1 }, { value: 2 }]);
      expect(fates.map((fate) => fate())).toEqual(['TypeError', 'TypeError']);
      await expect(last).rejects.toThrow('batch: process answered 2 outcomes for 3 items');
    });

    it('an error when process answers something else', async () => {
      const { processor, pool, add } = setUp<number>();
      add('ab');
      const last = pool.add('c');
      last.catch(() => {});
      await processor.running[0]!.succeed('ok' as never);
      await expect(last).rejects.toThrow('batch: process must answer an outcome for each item, or nothing');
    });

    it.each([[null], ['ok'], [{}], [undefined]])(
      'an error for the one item of which it answers %j',
      async (outcome) => {
        const { processor, pool, add } = setUp<number>();
        const [first] = add('a');
        const second = pool.add('b');
        second.catch(() => {});
        const [third] = add('c');
        await processor.running[0]!.succeed([
          { value: 1 },
          outcome as unknown as BatchItemOutcome<number>,
          { value: 3 },
        ]);
        expect([first!(), third!()]).toEqual(['value 1', 'value 3']);
        await expect(second).rejects.toThrow('batch: process answered neither a value nor an error for an item');
      },
    );

    it('the error where process gives both a value and an error', async () => {
      const { processor, add } = setUp<number>();
      const fates = add('abc');
      const both = { value: 1, error: 'no' };
      await processor.running[0]!.succeed([both, { value: 2 }, { value: 3 }]);
      expect(fates.map((fate) => fate())).toEqual(['error no', 'value 2', 'value 3']);
    });

    it('also if process changes the array that it was given', async () => {
      const { processor, add } = setUp({ isPoison: () => true });
      const fates = add('abc');
      (processor.running[0]!.items as string[]).length = 0;
      await processor.running[0]!.fail(new Error('poison'));
      await processor.running[0]!.succeed();
      expect(joined(processor.seen.slice(1))).toEqual(['ab', 'c']);
      await processor.running[0]!.succeed();
      expect(fates.map((fate) => fate())).toEqual(['value undefined', 'value undefined', 'value undefined']);
    });
  });

  it('tells process the number of its call, and no deadline where no item has one', () => {
    const { processor, add } = setUp();
    add('abc');
    const { context } = processor.running[0]!;
    expect([context.attempt, context.deadline, context.signal.aborted]).toEqual([1, Number.POSITIVE_INFINITY, false]);
  });

  it('keeps the process alive for the age of a batch, and for nothing else', async () => {
    const virtual = new VirtualClock();
    let alive = 0;
    /** The virtual clock, with timers that say whether they keep the process alive. */
    const clock: Clock = {
      now: () => virtual.now(),
      wall: () => virtual.wall(),
      after: (ms, run) => {
        let referenced = 1;
        const hold = (times: number) => {
          alive += times - referenced;
          referenced = times;
        };
        alive++;
        const timer = virtual.after(ms, () => {
          hold(0);
          run();
        });
        const dispose = () => {
          hold(0);
          timer[Symbol.dispose]();
        };
        return { ref: () => hold(1), unref: () => hold(0), [Symbol.dispose]: dispose };
      },
    };
    const processor = new Processor<string>();
    const pool = batchPool({ batchSize: 3, maxAgeMs: 100, process: processor.process, clock });
    const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
    add('ab');
    expect(alive).toBe(1);
    add('c');
    expect(alive).toBe(0);
    await processor.running[0]!.succeed();
    await virtual.advance(50);
    add('d');
    expect(alive).toBe(1);
    await virtual.advance(100);
    expect([alive, virtual.timers]).toEqual([0, 0]);
  });

  it("is called batch unless it has a name, with the seeds' sizes", () => {
    const seen: number[] = [];
    const pool = batchPool<number>({ process: (items) => void seen.push(items.length) });
    for (let item = 0; item < 5; item++) void pool.add(item);
    expect([pool.name, seen]).toEqual(['batch', [5]]);
    expect(batchPool({ name: 'points', process: () => {} }).name).toBe('points');
  });

  it('has ten workers and room for ten rounds of them by default', () => {
    const pool = batchPool<number>({ process: () => new Promise(() => {}), whenFull: 'reject' });
    for (let item = 0; item < 500; item++) expect(pool.tryAdd(item)).toBeInstanceOf(Promise);
    expect([pool.busy, pool.inFlight, pool.queued]).toEqual([10, 50, 450]);
    expect(pool.tryAdd(500)).toBeUndefined();
  });

  it('lets items be a second old by default', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const pool = batchPool<number>({ clock, process: (items) => void seen.push(items.length) });
    void pool.add(1);
    await clock.advance(999);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual([1]);
  });

  it.each<[string, object]>([
    ['batch: process is no function', { process: undefined }],
    ['batch: batchSize is 0; it must be a whole number of at least 1', { batchSize: 0 }],
    ['batch: batchSize is 2.5; it must be a whole number of at least 1', { batchSize: 2.5 }],
    ['batch: maxAgeMs is -1; it must be a number of at least 0', { maxAgeMs: -1 }],
    ['batch: maxAgeMs is Infinity; it must be a number of at least 0', { maxAgeMs: Number.POSITIVE_INFINITY }],
    ['batch: workers is 0; it must be a whole number of at least 1', { workers: 0 }],
    ['batch: maxQueued is 4; it must be a whole number of at least 5', { maxQueued: 4, batchSize: 5 }],
    ['batch: maxWaiting is -1; it must be a whole number of at least 0', { maxWaiting: -1 }],
    ['batch: maxBytes is 0; it must be a number of at least 1', { maxBytes: 0, sizeOf: () => 1 }],
    ['batch: maxBytes and sizeOf go together; one of them is missing', { maxBytes: 100 }],
    ['batch: maxBytes and sizeOf go together; one of them is missing', { sizeOf: () => 1 }],
    ['batch: maxProcessCalls is 0; it must be a whole number of at least 1', { maxProcessCalls: 0 }],
    ['batch: whenFull is "drop"; it must be "wait" or "reject"', { whenFull: 'drop' }],
    ['points: workers is NaN; it must be a whole number of at least 1', { name: 'points', workers: Number.NaN }],
  ])('refuses with: %s', (message, options) => {
    const make = () => batchPool({ process: () => {}, ...options } as BatchPoolOptions<string>);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});

describe('batchPoolFromEnv', () => {
  it('has the defaults of the seeds', () => {
    expect(batchPoolFromEnv({})).toEqual({ batchSize: 5, workers: 10 });
  });

  it('reads BATCH_SIZE and WORKER_POOL_SIZE', () => {
    expect(batchPoolFromEnv({ BATCH_SIZE: '50', WORKER_POOL_SIZE: '3' })).toEqual({ batchSize: 50, workers: 3 });
    expect(batchPoolFromEnv({ BATCH_SIZE: '10000', WORKER_POOL_SIZE: '1000' })).toEqual({
      batchSize: 10_000,
      workers: 1_000,
    });
    expect(batchPoolFromEnv({ BATCH_SIZE: '1', WORKER_POOL_SIZE: '1' })).toEqual({ batchSize: 1, workers: 1 });
  });

  it.each([
    ['BATCH_SIZE', '0', 'a whole number from 1 to 10000'],
    ['BATCH_SIZE', '10001', 'a whole number from 1 to 10000'],
    ['BATCH_SIZE', '2.5', 'a whole number from 1 to 10000'],
    ['WORKER_POOL_SIZE', '0', 'a whole number from 1 to 1000'],
    ['WORKER_POOL_SIZE', '1001', 'a whole number from 1 to 1000'],
    ['WORKER_POOL_SIZE', 'ten', 'a whole number from 1 to 1000'],
  ])('refuses %s=%s', (name, value, range) => {
    expect(() => batchPoolFromEnv({ [name]: value })).toThrow(`${name} is "${value}"; it must be ${range}`);
  });
});
