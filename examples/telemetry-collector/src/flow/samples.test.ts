import { VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemorySink } from './collector-rig.suite.js';
import type { LossReason } from './loss.js';
import { Samples } from './samples.js';

describe('samples on their way to the sink', () => {
  let clock: VirtualClock;
  let sink: MemorySink;
  let samples: Samples;
  let losses: Array<[LossReason, number, string]>;

  const make = (options: { maxPendingLines?: number; workers?: number } = {}) =>
    new Samples({
      sink,
      batchSize: 5,
      workers: 2,
      onLoss: (reason, lines, error) => losses.push([reason, lines, (error as Error).message]),
      clock,
      ...options,
    });
  const lost = () => Object.fromEntries([...samples.lost].filter(([, lines]) => lines > 0));
  const hang = () => new Promise<void>(() => {});

  beforeEach(() => {
    clock = new VirtualClock();
    sink = new MemorySink();
    losses = [];
    samples = make();
  });

  it('go when five are together', async () => {
    for (let index = 0; index < 5; index++) void samples.add({ probe: 'tcp', lines: [`line ${index}`] });
    await clock.advance(0);
    expect(sink.lines).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
    expect([samples.taken, samples.pending, samples.written.get('tcp')]).toEqual([5, 0, 5]);
  });

  it('go after a second when they are fewer', async () => {
    void samples.add({ probe: 'http', lines: ['a', 'b'] });
    await clock.advance(999);
    expect([sink.lines, samples.pending]).toEqual([[], 2]);
    await clock.advance(1);
    expect([sink.lines, samples.pending, samples.written.get('http')]).toEqual([['a', 'b'], 0, 2]);
  });

  it('that the sink does not take are lost, counted and reported', async () => {
    sink.behaviour = async () => {
      throw new Error('no space left');
    };
    await Promise.all([samples.add({ probe: 'tcp', lines: ['a', 'b'] }), clock.advance(1_000)]);
    expect(losses).toEqual([['sink', 2, 'no space left']]);
    expect([lost(), samples.pending]).toEqual([{ sink: 2 }, 0]);
    expect(samples.sinkError).toBe('no space left');
  });

  it('are given up after two minutes by a sink that hangs, so that others get their turn', async () => {
    sink.behaviour = hang;
    for (let index = 0; index < 2; index++)
      void samples.add({ probe: 'tcp', lines: Array.from({ length: 5 }, () => 'x') });
    await clock.advance(1_000);
    sink.behaviour = async () => {};
    await clock.advance(119_000);
    expect(samples.pending).toBe(10);
    await clock.advance(1_000);
    expect([lost(), samples.pending]).toEqual([{ sink: 10 }, 0]);
    expect(samples.sinkError).toContain('no result after 120000 ms');
  });

  it('clear the report of the sink once it takes lines again', async () => {
    sink.behaviour = async () => {
      throw new Error('no space left');
    };
    await Promise.all([samples.add({ probe: 'tcp', lines: ['a'] }), clock.advance(1_000)]);
    sink.behaviour = async () => {};
    await Promise.all([samples.add({ probe: 'tcp', lines: ['b'] }), clock.advance(1_000)]);
    expect(samples.sinkError).toBeUndefined();
  });

  it('that come while too many lines wait are lost, counted and reported', async () => {
    samples = make({ maxPendingLines: 10 });
    sink.behaviour = hang;
    void samples.add({ probe: 'tcp', lines: Array.from({ length: 9 }, () => 'x') });
    await samples.add({ probe: 'tcp', lines: ['a', 'b'] });
    expect([lost(), samples.pending]).toEqual([{ 'queue-full': 2 }, 9]);
  });

  it('are written when the collector drains, without waiting for company', async () => {
    void samples.add({ probe: 'tcp', lines: ['a'] });
    await samples.drain(1_000);
    expect([sink.lines, samples.pending, clock.now()]).toEqual([['a'], 0, 0]);
  });

  it('that a hanging sink has not taken when the drain ends are lost to the shutdown', async () => {
    sink.behaviour = hang;
    for (let index = 0; index < 20; index++) void samples.add({ probe: 'tcp', lines: ['x'] });
    await Promise.all([samples.drain(1_000), clock.advance(1_000)]);
    expect([lost(), samples.pending]).toEqual([{ shutdown: 20 }, 0]);
    await samples.add({ probe: 'tcp', lines: ['late'] });
    expect(lost()).toEqual({ shutdown: 21 });
  });

  it('are accounted for at every instant: taken = written + lost + pending', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), lines: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.nat(1_500) }),
      fc.record({ do: fc.constantFrom('well' as const, 'broken' as const, 'slow' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        clock = new VirtualClock();
        sink = new MemorySink();
        samples = make({ maxPendingLines: 25 });
        const balance = () => {
          const sum = (counts: Iterable<number>) => [...counts].reduce((total, each) => total + each, 0);
          expect(sum(samples.written.values()) + sum(samples.lost.values()) + samples.pending).toBe(samples.taken);
          expect(samples.pending).toBeLessThanOrEqual(25);
        };
        for (const each of steps) {
          if (each.do === 'add')
            void samples.add({ probe: 'tcp', lines: Array.from({ length: each.lines }, () => 'x') });
          else if (each.do === 'wait') await clock.advance(each.ms);
          else if (each.do === 'slow') {
            sink.behaviour = () => new Promise((resolve) => clock.after(700, resolve));
          } else {
            const failure = each.do === 'broken' ? new Error('broken') : undefined;
            sink.behaviour = () => (failure === undefined ? Promise.resolve() : Promise.reject(failure));
          }
          balance();
        }
        await Promise.all([samples.drain(5_000), clock.advance(5_000)]);
        balance();
        expect(samples.pending).toBe(0);
        expect(sink.lines).toHaveLength([...samples.written.values()].reduce((total, each) => total + each, 0));
      }),
      { numRuns: 60 },
    );
  });
});
