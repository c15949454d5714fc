import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError } from '../core/errors.js';
import { collect } from '../metrics/collect.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { type KeyedSemaphoreOptions, keyedSemaphore } from './keyed-semaphore.js';
import { deferred, reasonOf } from './semaphore.suite.js';

function setup(options: Partial<KeyedSemaphoreOptions> = {}) {
  const clock = new VirtualClock();
  const slots = keyedSemaphore({ name: 'slots', permits: 1, clock, ...options });
  const started: string[] = [];
  const gates = new Map<string, ReturnType<typeof deferred<void>>>();
  /** Runs an operation of `key`, which goes on until `end` of the same label. */
  const run = (key: string, label: string, weight = 1) => {
    const gate = deferred();
    gates.set(label, gate);
    slots
      .execute(
        () => {
          started.push(label);
          return gate.promise;
        },
        { key, weight },
      )
      .catch((error: unknown) => started.push(`${label}: ${error instanceof RejectedError ? error.reason : error}`));
  };
  const end = async (label: string) => {
    gates.get(label)!.resolve();
    await settle();
  };
  return { clock, slots, started, run, end };
}

describe('keyedSemaphore', () => {
  it('limits each key by itself', async () => {
    const { slots, started, run, end } = setup();
    run('a', 'a1');
    run('a', 'a2');
    run('b', 'b1');
    await settle();
    expect(started).toEqual(['a1', 'b1']);
    expect(slots.usage('a')).toEqual({ inUse: 1, queued: 1 });
    expect(slots.usage('nobody')).toEqual({ inUse: 0, queued: 0 });
    await end('a1');
    expect(started).toEqual(['a1', 'b1', 'a2']);
  });

  it('forgets keys that nobody uses', async () => {
    const { slots, run, end } = setup();
    for (let key = 0; key < 100; key++) run(String(key), String(key));
    run('0', 'again');
    expect(slots.keys).toBe(100);
    for (let key = 0; key < 100; key++) await end(String(key));
    expect(slots.keys).toBe(1);
    await end('again');
    expect(slots.keys).toBe(0);
    expect(slots.inUse).toBe(0);
  });

  it('lets keys take turns for the limit of all', async () => {
    const { started, run, end } = setup({ permits: 10, totalPermits: 1 });
    run('hot', 'h1');
    for (const label of ['h2', 'h3', 'h4']) run('hot', label);
    run('cold', 'c1');
    for (const label of ['h1', 'h2', 'c1', 'h3']) await end(label);
    expect(started).toEqual(['h1', 'h2', 'c1', 'h3', 'h4']);
  });

  it.each([
    { which: 'runs', held: 1, heavy: 3, urgent: 1, granted: ['a', 'held', 'urgent', 'other'] },
    { which: 'waits', held: 2, heavy: 2, urgent: 3, granted: ['a', 'held', 'other'] },
  ])(
    'lets other keys go once a call of a higher priority, which $which, keeps the first of its key from going',
    async ({ held, heavy, urgent, granted }) => {
      const { slots } = setup({ permits: 4, totalPermits: 6 });
      const log: string[] = [];
      const ask = (label: string, key: string, weight: number, priority = 0) =>
        void slots.acquire({ key, weight, priority }).then(() => log.push(label));
      ask('a', 'a', 3);
      ask('held', 'b', held);
      // Its key has permits enough for it, but there are too few in all, so it holds up the others.
      ask('heavy', 'b', heavy);
      ask('other', 'c', 1);
      await settle();
      expect(log).toEqual(['a', 'held']);
      ask('urgent', 'b', urgent, 1);
      await settle();
      expect(log.sort()).toEqual(granted.sort());
    },
  );

  it('bounds the queue of each key, and of all', async () => {
    const { started, run } = setup({ maxQueue: 1, maxQueueTotal: 2 });
    for (const label of ['a1', 'a2', 'a3']) run('a', label);
    for (const label of ['b1', 'b2']) run('b', label);
    for (const label of ['c1', 'c2']) run('c', label);
    await settle();
    expect(started).toEqual(['a1', 'b1', 'c1', 'a3: queue-full', 'c2: queue-full']);
  });

  it('lets 1000 wait for a key, and 10,000 in all, unless told otherwise', async () => {
    const { slots } = setup();
    for (let key = 0; key < 11; key++) slots.tryAcquire({ key: String(key) });
    const waiting: Array<Promise<string>> = [];
    for (let key = 0; key < 10; key++) {
      for (let call = 0; call < 1000; call++) waiting.push(reasonOf(slots.acquire({ key: String(key) })));
    }
    expect(slots.queued).toBe(10_000);
    expect(await reasonOf(slots.acquire({ key: '10' }))).toBe('queue-full');
    slots.shutdown();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['shutdown']));
    const single = setup();
    single.slots.tryAcquire({ key: 'a' });
    const thousand = Array.from({ length: 1000 }, () => reasonOf(single.slots.acquire({ key: 'a' })));
    expect(await reasonOf(single.slots.acquire({ key: 'a' }))).toBe('queue-full');
    single.slots.shutdown();
    await Promise.all(thousand);
  });

  it('ends waits as a semaphore does', async () => {
    const { clock, slots } = setup({ queueTimeoutMs: 50 });
    slots.tryAcquire({ key: 'a' });
    const abort = new AbortController();
    const ends = [
      reasonOf(slots.acquire({ key: 'a', signal: abort.signal })),
      reasonOf(slots.acquire({ key: 'a', deadline: 20 })),
      reasonOf(slots.acquire({ key: 'a' })),
    ];
    abort.abort();
    await clock.advance(50);
    expect(await Promise.all(ends)).toEqual(['aborted', 'deadline', 'queue-timeout']);
    expect(slots.usage('a')).toEqual({ inUse: 1, queued: 0 });
  });

  it('gives each key more when it is resized, and refuses who waits for more than there is', async () => {
    const { slots, started, run } = setup({ permits: 3 });
    run('a', 'a1', 3);
    run('a', 'a2', 3);
    run('b', 'b1', 2);
    run('b', 'b2', 2);
    slots.resize(4);
    await settle();
    expect(slots.permits).toBe(4);
    expect(started).toEqual(['a1', 'b1', 'b2']);
    slots.resize(2);
    await settle();
    expect(started.at(-1)).toContain('a2: ConfigError: slots: weight is 3; it must be a whole number from 1 to 2');
    expect(() => slots.resize(0)).toThrow('slots: permits is 0; it must be a whole number of at least 1');
    expect(() => slots.resize(1.5)).toThrow(ConfigError);
  });

  it('refuses a call that does not say whose permits it takes', async () => {
    const { slots } = setup();
    const message = 'slots: key is not given; it must say whose permits the call takes';
    await expect(slots.execute(() => 1)).rejects.toThrow(message);
    await expect(slots.acquire()).rejects.toThrow(ConfigError);
    expect(() => slots.tryAcquire({})).toThrow(message);
    await expect(slots.acquire({ key: 'a', weight: 2 })).rejects.toThrow('from 1 to 1, the permits there are');
  });

  it.each([
    [{ permits: Number.POSITIVE_INFINITY }, 'slots: permits is Infinity'],
    [{ permits: 0 }, 'slots: permits is 0'],
    [{ totalPermits: 0 }, 'slots: totalPermits is 0'],
    [{ maxQueue: -1 }, 'slots: maxQueue is -1'],
    [{ maxQueueTotal: 0.5 }, 'slots: maxQueueTotal is 0.5'],
  ])('is not made from %j', (options, message) => {
    expect(() => setup(options)).toThrow(message);
  });

  it('measures sums, and never a key', () => {
    const { slots, run } = setup();
    run('a', 'a1');
    run('a', 'a2');
    run('b', 'b1');
    const read = Object.fromEntries(
      [...collect([slots])].map(([{ name }, samples]) => {
        for (const { labels } of samples) {
          expect(labels['policy']).toBe('slots');
          expect(Object.values(labels)).not.toContain('a');
        }
        return [name, samples[0]!.value];
      }),
    );
    expect(read).toMatchObject({
      semaphore_permits: 1,
      semaphore_permits_in_use: 2,
      semaphore_queued: 1,
      semaphore_keys: 2,
      semaphore_acquired_total: 2,
    });
    expect(keyedSemaphore({ permits: 1 }).name).toBe('keyed-semaphore');
  });
});
