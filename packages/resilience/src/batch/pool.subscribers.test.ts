import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { batchPool } from './pool.js';
import { fateOf, Processor } from './processor.suite.js';

let listening: ((event: unknown) => void) | undefined;

function on(type: ResilienceEvent['type'], act: () => void): void {
  listening = (event) => {
    if ((event as ResilienceEvent).type === type) act();
  };
  subscribe(RESILIENCE_CHANNEL, listening);
}

afterEach(() => {
  unsubscribe(RESILIENCE_CHANNEL, listening!);
});

function setUp() {
  const clock = new VirtualClock();
  const processor = new Processor<string>();
  const { process } = processor;
  const pool = batchPool<string>({ batchSize: 2, maxAgeMs: 100, workers: 1, maxQueued: 5, process, clock });
  const calls: AbortController[] = [];
  const add = (items: string) =>
    [...items].map((item) => {
      const call = new AbortController();
      calls.push(call);
      return fateOf(pool.add(item, { signal: call.signal }));
    });
  const abortAll = () => {
    for (const call of calls) call.abort(new Error('left'));
  };
  return { clock, processor, pool, add, abortAll };
}

describe('a subscriber that makes callers of a batch pool leave', () => {
  it.each(['a pool is aborted', 'a drain is cut off'])('when %s: each item has one outcome', async (when) => {
    const { clock, pool, add, abortAll } = setUp();
    const inFlight = add('ab');
    const [queued, waiting] = [add('cde'), add('fg')];
    on('rejected', () => {
      abortAll();
      pool.abort(new Error('again'));
    });
    if (when === 'a pool is aborted') pool.abort(new Error('crashed'));
    else void pool.drain({ deadlineMs: 50 });
    await clock.advance(50);
    await settle();
    expect([...queued, ...waiting].map((fate) => fate())).toEqual(new Array(5).fill('rejected shutdown'));
    const end = when === 'a pool is aborted' ? 'error crashed' : 'TimeoutError';
    expect(inFlight.map((fate) => fate())).toEqual([end, end]);
    expect([pool.queued, pool.waiting, pool.inFlight]).toEqual([0, 0, 2]);
    await expect(pool.drain({ deadlineMs: 0 })).resolves.toEqual({ cutOff: 0 });
  });

  it('when a batch is about to be processed: it is not, and the next one is', async () => {
    const { processor, pool, add, abortAll } = setUp();
    on('batch.flushed', abortAll);
    const fates = add('ab');
    await settle();
    expect(fates.map((fate) => fate())).toEqual(['error left', 'error left']);
    expect(processor.seen).toEqual([]);
    unsubscribe(RESILIENCE_CHANNEL, listening!);
    const next = add('cd');
    await settle();
    expect(processor.seen).toEqual([['c', 'd']]);
    await processor.running[0]!.succeed();
    expect(next.map((fate) => fate())).toEqual(['value undefined', 'value undefined']);
    expect([pool.busy, pool.inFlight]).toEqual([0, 0]);
  });
});
