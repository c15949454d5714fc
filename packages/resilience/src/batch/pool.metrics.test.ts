import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import type { HistogramValue } from '../metrics/definition.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { BATCH_METRICS } from './metrics.js';
import type { BatchPoolOptions } from './options.js';
import { type BatchPool, batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

class Poison extends Error {}

function setUp(options: Partial<BatchPoolOptions<string>> = {}) {
  const clock = new VirtualClock({ nowMs: 1_000 });
  const processor = new Processor<string>();
  const pool = batchPool<string>({
    name: 'points',
    batchSize: 2,
    maxAgeMs: 100,
    workers: 2,
    maxQueued: 6,
    maxWaiting: 2,
    process: processor.process,
    isPoison: (error) => error instanceof Poison,
    clock,
    ...options,
  });
  const add = (items: string) => [...items].map((item) => fateOf(pool.add(item)));
  return { clock, processor, pool, add };
}

/** What the pool's metrics say, by their names without prefix, and label values. */
function metricsOf(pool: BatchPool<string>): Record<string, number | HistogramValue> {
  const values: Record<string, number | HistogramValue> = {};
  pool.measure((definition, { policy, ...labels }, value) => {
    expect(policy).toBe('points');
    const key = [definition.name.slice('batch_'.length), ...Object.values(labels)].join(' ');
    expect(values[key]).toBeUndefined();
    values[key] = typeof value === 'number' ? value : { counts: [...value.counts], sum: value.sum };
  });
  return values;
}

describe('the metrics of a batch pool', () => {
  it('say where items are', () => {
    const { pool, add } = setUp();
    add('abcdefgh');
    expect(metricsOf(pool)).toMatchObject({
      items_added_total: 8,
      waiting_items: 2,
      queued_items: 2,
      in_flight_items: 4,
      queue_limit_items: 6,
      workers_busy: 2,
      workers: 2,
    });
  });

  it('count outcomes', async () => {
    const { clock, processor, pool, add } = setUp();
    const caller = new AbortController();
    add('ab');
    await processor.running[0]!.succeed();
    add('cd');
    await processor.running[0]!.fail(new Error('down'));
    pool.add('e', { signal: caller.signal }).catch(() => {});
    pool.add('f', { signal: caller.signal }).catch(() => {});
    pool.add('g', { signal: caller.signal }).catch(() => {});
    caller.abort();
    pool.add('h', { signal: caller.signal }).catch(() => {});
    pool.add('i', { deadline: 0 }).catch(() => {});
    pool.tryAdd('j', { deadline: 0 });
    add('klmnopq');
    expect(pool.waiting).toBe(2);
    await clock.advance(1);
    add('r');
    pool.abort();
    await clock.advance(1);
    add('s');
    expect(metricsOf(pool)).toMatchObject({
      items_added_total: 19,
      'items_total succeeded': 2,
      'items_total failed': 2,
      'items_total abandoned': 4,
      'items_total aborted': 2,
      'items_total deadline': 2,
      'items_total queue-full': 2,
      'items_total shutdown': 5,
    });
  });

  it.each(['succeed', 'fail'] as const)(
    'count an abandoned item once, also if process says %s afterwards',
    async (word) => {
      const { processor, pool, add } = setUp();
      add('ab');
      pool.abort();
      await processor.running[0]![word](undefined);
      expect(metricsOf(pool)).toMatchObject({
        items_added_total: 2,
        'items_total abandoned': 2,
        'items_total succeeded': 0,
        'items_total failed': 0,
        in_flight_items: 0,
      });
    },
  );

  it('count an item whose size cannot be told as added and failed', async () => {
    const { pool } = setUp({ maxBytes: 10, sizeOf: () => Number.NaN });
    await expect(pool.add('a')).rejects.toBeInstanceOf(TypeError);
    expect(metricsOf(pool)).toMatchObject({ items_added_total: 1, 'items_total failed': 1, queued_items: 0 });
  });

  it('count batches by what made them go, and their sizes', async () => {
    const { clock, pool, add } = setUp({ workers: 9, maxQueued: 20, maxBytes: 8, sizeOf: Number });
    add('11');
    add('9');
    add('1');
    await clock.advance(100);
    add('1');
    void pool.flush();
    add('1');
    void pool.drain({ deadlineMs: 10 });
    const metrics = metricsOf(pool);
    expect(metrics).toMatchObject({
      'flushes_total count': 1,
      'flushes_total bytes': 1,
      'flushes_total age': 1,
      'flushes_total flush': 1,
      'flushes_total drain': 1,
    });
    const sizes = metrics['size_items'] as HistogramValue;
    expect(sizes.sum).toBe(6);
    expect(sizes.counts.slice(0, 2)).toEqual([4, 1]);
  });

  it('count calls by result, with their durations in seconds', async () => {
    const { clock, processor, pool, add } = setUp();
    add('ab');
    await clock.advance(2_000);
    await processor.running[0]!.succeed();
    add('cd');
    await clock.advance(500);
    await processor.running[0]!.fail(new Error('down'));
    add('ef');
    await processor.running[0]!.succeed('nonsense' as never);
    add('gh');
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.succeed([{ value: undefined }]);
    const metrics = metricsOf(pool);
    expect(metrics).toMatchObject({
      'process_calls_total succeeded': 2,
      'process_calls_total failed': 2,
      'process_calls_total poisoned': 2,
    });
    const seconds = metrics['process_duration_seconds'] as HistogramValue;
    expect(seconds.sum).toBe(2.5);
    expect(seconds.counts.reduce((sum, count) => sum + count)).toBe(6);
    expect(seconds.counts[BATCH_METRICS.duration.buckets.indexOf(2.5)]).toBe(1);
  });

  it('count bisections, and those that could not find each bad item', async () => {
    const { processor, pool, add } = setUp({ batchSize: 4, maxProcessCalls: 3 });
    add('abcd');
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.succeed();
    const [first, second] = [metricsOf(pool)['bisections_total no'], metricsOf(pool)['bisections_total yes']];
    expect([first, second]).toEqual([1, 0]);
    add('ef');
    void pool.flush();
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.fail(new Poison());
    await processor.running[0]!.succeed();
    expect(metricsOf(pool)).toMatchObject({ 'bisections_total no': 1, 'bisections_total yes': 1 });
  });

  it('do not count a poisoned single item as a bisection', async () => {
    const { processor, pool, add } = setUp({ batchSize: 1 });
    add('a');
    await processor.running[0]!.fail(new Poison());
    expect(metricsOf(pool)).toMatchObject({
      'bisections_total no': 0,
      'bisections_total yes': 0,
      'process_calls_total poisoned': 1,
    });
  });

  it('say how old the batch is that goes next', async () => {
    const { clock, processor, pool, add } = setUp({ workers: 1 });
    expect(metricsOf(pool)['oldest_age_seconds']).toBe(0);
    add('ab');
    expect(metricsOf(pool)['oldest_age_seconds']).toBe(0);
    add('c');
    await clock.advance(250);
    expect(metricsOf(pool)['oldest_age_seconds']).toBe(0.25);
    add('de');
    await clock.advance(500);
    expect(metricsOf(pool)['oldest_age_seconds']).toBe(0.75);
    await processor.running[0]!.succeed();
    expect(metricsOf(pool)['oldest_age_seconds']).toBe(0.5);
  });
});

describe('the events of a batch pool', () => {
  const events: ResilienceEvent[] = [];
  const listen = (event: unknown) => void events.push(event as ResilienceEvent);

  afterEach(() => {
    unsubscribe(RESILIENCE_CHANNEL, listen);
    events.length = 0;
  });

  it('tell of batches, bisections, failed items and refusals', async () => {
    subscribe(RESILIENCE_CHANNEL, listen);
    const { processor, pool, add } = setUp();
    add('ab');
    const bad = new Poison('bad');
    await processor.running[0]!.fail(new Poison('batch'));
    await processor.running[0]!.succeed();
    await processor.running[0]!.fail(bad);
    add('c');
    void pool.drain({ deadlineMs: 1_000 });
    add('d');
    expect(events).toEqual([
      { type: 'batch.flushed', policy: 'points', cause: 'count', items: 2 },
      { type: 'batch.item_failed', policy: 'points', error: bad },
      { type: 'batch.bisected', policy: 'points', items: 2, isolated: true },
      { type: 'batch.flushed', policy: 'points', cause: 'drain', items: 1 },
      { type: 'rejected', policy: 'points', reason: 'shutdown' },
    ]);
  });

  it('tell of an item that is refused while it waits, and of one without a size', async () => {
    subscribe(RESILIENCE_CHANNEL, listen);
    const { pool } = setUp({ maxBytes: 10, sizeOf: Number });
    const caller = new AbortController();
    pool.add('1', { signal: caller.signal }).catch(() => {});
    caller.abort();
    await pool.add('x').catch(() => {});
    expect(events).toMatchObject([
      { type: 'rejected', policy: 'points', reason: 'aborted' },
      { type: 'batch.item_failed', policy: 'points', error: { name: 'TypeError' } },
    ]);
  });

  it('may be answered with more work without a worker too many', () => {
    const { processor, pool, add } = setUp({ workers: 1 });
    const addMore = (event: unknown) => {
      unsubscribe(RESILIENCE_CHANNEL, addMore);
      expect((event as ResilienceEvent).type).toBe('batch.flushed');
      add('cd');
    };
    subscribe(RESILIENCE_CHANNEL, addMore);
    add('ab');
    expect([processor.running.length, pool.busy, pool.queued]).toEqual([1, 1, 2]);
  });
});
