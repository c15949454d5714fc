import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { BatchPoolOptions } from './options.js';
import { batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

class Poison extends Error {}

const isPoison = (error: unknown) => error instanceof Poison;

function setUp(options: Partial<BatchPoolOptions<string>> = {}) {
  const processor = new Processor<string>();
  const pool = batchPool<string>({
    batchSize: 8,
    workers: 2,
    process: processor.process,
    isPoison,
    clock: new VirtualClock(),
    ...options,
  });
  const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
  /** Answers as a server that refuses a whole batch for one capital letter. */
  const serve = async () => {
    while (processor.running.length > 0) {
      const [call] = processor.running;
      const bad = call!.items.filter((item) => item !== item.toLowerCase());
      await (bad.length > 0 ? call!.fail(new Poison(`bad ${bad.join('')}`)) : call!.succeed());
    }
  };
  const seen = () => processor.seen.map((items) => items.join(''));
  return { processor, pool, add, serve, seen };
}

describe('a poisoned batch', () => {
  it('is bisected down to the bad item; the others succeed', async () => {
    const { add, serve, seen } = setUp();
    const fates = add('abcDefgh');
    await serve();
    expect(seen()).toEqual(['abcDefgh', 'abcD', 'ab', 'cD', 'c', 'D', 'efgh']);
    expect(fates.map((fate) => fate())).toEqual([
      ...new Array(3).fill('value undefined'),
      'error bad D',
      ...new Array(4).fill('value undefined'),
    ]);
  });

  it('tells each bad item what was said of it alone', async () => {
    const { add, serve } = setUp({ batchSize: 4 });
    const fates = add('AbCd');
    await serve();
    expect(fates.map((fate) => fate())).toEqual(['error bad A', 'value undefined', 'error bad C', 'value undefined']);
  });

  it('keeps its worker until the last part is done, and then frees it', async () => {
    const { processor, pool, add, serve } = setUp({ batchSize: 2, workers: 1 });
    add('Abcd');
    await processor.running[0]!.fail(new Poison('bad'));
    expect([pool.busy, pool.inFlight, pool.queued, processor.running.length]).toEqual([1, 2, 2, 1]);
    await serve();
    expect([pool.busy, pool.inFlight]).toEqual([0, 0]);
  });

  it('numbers the calls that it takes', async () => {
    const { processor, add, serve } = setUp({ batchSize: 2 });
    add('aB');
    await serve();
    expect(processor.calls.map((call) => call.context.attempt)).toEqual([1, 2, 3]);
  });

  it('answers a caller who may leave as soon as its own part is done', async () => {
    const { processor, pool, add } = setUp({ batchSize: 2 });
    const early = fateOf(pool.add('a', { deadline: 1_000 }));
    const [late] = add('B');
    await processor.running[0]!.fail(new Poison('bad'));
    await processor.running[0]!.succeed();
    expect([early(), late!()]).toEqual(['value undefined', 'pending']);
    await processor.running[0]!.fail(new Poison('bad B'));
    expect(late!()).toBe('error bad B');
  });

  it('is not bisected when the other side is at fault', async () => {
    const { processor, add } = setUp();
    const fates = add('abcdefgh');
    await processor.running[0]!.fail(new Error('down'));
    expect(processor.calls).toHaveLength(1);
    expect(fates.map((fate) => fate())).toEqual(new Array(8).fill('error down'));
  });

  it('fails the part that meets an outage on the way, and goes on with the next', async () => {
    const { processor, add } = setUp({ batchSize: 4 });
    const fates = add('abcD');
    await processor.running[0]!.fail(new Poison('bad'));
    await processor.running[0]!.fail(new Error('down'));
    await processor.running[0]!.succeed();
    expect(fates.map((fate) => fate())).toEqual(['error down', 'error down', 'value undefined', 'value undefined']);
  });

  it('is not bisected unless it is said what poison is', async () => {
    const clock = new VirtualClock();
    const processor = new Processor<string>();
    const pool = batchPool<string>({ batchSize: 2, process: processor.process, clock });
    const fates = [...'ab'].map((item) => fateOf(pool.add(item)));
    await processor.running[0]!.fail(new Poison('bad'));
    expect([processor.calls.length, fates[0]!(), fates[1]!()]).toEqual([1, 'error bad', 'error bad']);
  });

  it('is not bisected for anything but a plain yes', async () => {
    const { processor, add } = setUp({ isPoison: (() => 'maybe') as unknown as () => boolean });
    add('abcdefgh');
    await processor.running[0]!.fail(new Error('down'));
    expect(processor.calls).toHaveLength(1);
  });

  it('takes no more calls than are allowed; parts that could not be split fail whole, with their own error', async () => {
    const { add, serve, seen } = setUp({ maxProcessCalls: 5 });
    const fates = add('aBcdefGh');
    await serve();
    expect(seen()).toEqual(['aBcdefGh', 'aBcd', 'aB', 'cd', 'efGh']);
    expect(fates.map((fate) => fate())).toEqual([
      'error bad B',
      'error bad B',
      'value undefined',
      'value undefined',
      ...new Array(4).fill('error bad G'),
    ]);
  });

  it('takes what four bad items need by default', async () => {
    const { processor, add, serve } = setUp();
    const fates = add('AbCdEfGh');
    await serve();
    expect(processor.calls.length).toBe(15);
    expect(fates.filter((fate) => fate() === 'value undefined')).toHaveLength(4);
  });

  it('of process that answers for each item is not asked for again', async () => {
    const { processor, add } = setUp({ batchSize: 2 });
    const fates = add('aB');
    await processor.running[0]!.succeed([{ value: undefined }, { error: new Poison('bad B') }]);
    expect([processor.calls.length, fates[0]!(), fates[1]!()]).toEqual([1, 'value undefined', 'error bad B']);
  });

  it('fails with both errors when isPoison throws', async () => {
    const { processor, pool, add } = setUp({
      batchSize: 2,
      isPoison: () => {
        throw new Error('judge broke');
      },
    });
    const item = pool.add('a');
    item.catch(() => {});
    add('b');
    await processor.running[0]!.fail(new Error('down'));
    expect(processor.calls).toHaveLength(1);
    await expect(item).rejects.toMatchObject({
      name: 'AggregateError',
      message: 'batch: isPoison threw when asked about a failed batch',
      errors: [{ message: 'down' }, { message: 'judge broke' }],
    });
  });
});
