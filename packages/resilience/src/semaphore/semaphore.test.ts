import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { settle } from '../testing/virtual-clock.js';
import { semaphore } from './semaphore.js';
import { deferred, setup } from './semaphore.suite.js';

describe('semaphore', () => {
  it('lets as many run at once as there are permits, and the next when one settles', async () => {
    const { slots } = setup();
    const gates = [deferred<string>(), deferred<string>(), deferred<string>()];
    const started: number[] = [];
    const results = gates.map((gate, index) =>
      slots.execute(() => {
        started.push(index);
        return gate.promise;
      }),
    );
    expect(started).toEqual([0, 1]);
    expect(slots.inUse).toBe(2);
    expect(slots.queued).toBe(1);
    gates[1]!.resolve('b');
    expect(await results[1]).toBe('b');
    await settle();
    expect(started).toEqual([0, 1, 2]);
    gates[0]!.resolve('a');
    gates[2]!.resolve('c');
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
    expect(slots.inUse).toBe(0);
  });

  it('starts an operation at once, without a microtask, when a permit is free', () => {
    const { slots } = setup();
    let ran = false;
    void slots.execute(() => {
      ran = true;
    });
    expect(ran).toBe(true);
  });

  it.each([
    ['an operation that rejects', () => Promise.reject(new Error('no'))],
    [
      'an operation that throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('gives the permit back after %s', async (_, operation) => {
    const { slots } = setup({ permits: 1 });
    const first = slots.execute(operation);
    const second = slots.execute(operation);
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow('no');
    expect(slots.inUse).toBe(0);
  });

  it('gives the permit back before the caller hears of the result', async () => {
    const { slots } = setup({ permits: 1 });
    await slots.execute(() => 1);
    expect(slots.inUse).toBe(0);
  });

  it('goes by priority, and by age within one', async () => {
    const { log, ask } = setup({ permits: 1 });
    const first = ask('first');
    const asked = ['low', 'high', 'low again', 'high again', 'lowest'].map((label, index) =>
      ask(label, { priority: [0, 5, 0, 5, -1][index]! }),
    );
    await settle();
    first.permit!.success();
    for (const index of [1, 3, 0, 2, 4]) {
      await settle();
      asked[index]!.permit!.success();
    }
    expect(log).toEqual(['first', 'high', 'high again', 'low', 'low again', 'lowest']);
  });

  it('takes as many permits as a call weighs', async () => {
    const { slots, log, ask } = setup({ permits: 5 });
    const heavy = ask('3', { weight: 3 });
    ask('2', { weight: 2 });
    ask('1');
    await settle();
    expect(log).toEqual(['3', '2']);
    expect(slots.inUse).toBe(5);
    heavy.permit!.success();
    await settle();
    expect(log).toEqual(['3', '2', '1']);
    expect(slots.inUse).toBe(3);
  });

  it('does not let light calls overtake a heavy one for ever', async () => {
    const { slots, log, ask } = setup({ permits: 3 });
    const held = ask('held', { weight: 2 });
    ask('heavy', { weight: 3 });
    ask('light');
    await settle();
    expect(slots.tryAcquire()).toBeUndefined();
    expect(log).toEqual(['held']);
    held.permit!.success();
    await settle();
    expect(log).toEqual(['held', 'heavy']);
  });

  it('lets those behind a heavy call go when it gives up', async () => {
    const { log, ask, clock } = setup({ permits: 3 });
    ask('held', { weight: 2 });
    const abort = new AbortController();
    ask('heavy', { weight: 3, signal: abort.signal });
    ask('heavy too', { weight: 2, deadline: clock.now() + 10 });
    ask('light');
    await settle();
    abort.abort();
    await settle();
    expect(log).toEqual(['held', 'heavy: aborted']);
    await clock.advance(10);
    expect(log).toEqual(['held', 'heavy: aborted', 'light', 'heavy too: deadline']);
  });

  describe('by hand', () => {
    it.each(['success', 'failure', 'ignore'] as const)('gives back on %s, and a second word does nothing', (word) => {
      const { slots } = setup();
      const permit = slots.tryAcquire()!;
      slots.tryAcquire();
      expect(slots.inUse).toBe(2);
      permit[word]();
      expect(slots.inUse).toBe(1);
      permit[word]();
      permit.success();
      permit[Symbol.dispose]();
      expect(slots.inUse).toBe(1);
    });

    it('gives back when it is disposed of', () => {
      const { slots } = setup();
      {
        using _permit = slots.tryAcquire()!;
        expect(slots.inUse).toBe(1);
      }
      expect(slots.inUse).toBe(0);
    });

    it('gives one permit back to one who waits, not to two', async () => {
      const { slots, log, ask } = setup({ permits: 1 });
      const permit = slots.tryAcquire()!;
      ask('a');
      ask('b');
      permit.success();
      permit.success();
      await settle();
      expect(log).toEqual(['a']);
    });

    it('takes nothing when nothing is free, or when somebody waits who comes first', () => {
      const { slots } = setup({ permits: 2 });
      slots.tryAcquire();
      void slots.acquire({ weight: 2 });
      expect(slots.tryAcquire()).toBeUndefined();
      expect(slots.tryAcquire({ priority: 1 })).toBeDefined();
      expect(slots.tryAcquire({ priority: 1 })).toBeUndefined();
      expect(slots.inUse).toBe(2);
    });
  });

  describe('resize', () => {
    it('grants more at once', async () => {
      const { slots, log, ask } = setup({ permits: 1 });
      for (const label of ['a', 'b', 'c', 'd']) ask(label);
      slots.resize(3);
      expect(slots.permits).toBe(3);
      expect(slots.inUse).toBe(3);
      await settle();
      expect(log).toEqual(['a', 'b', 'c']);
    });

    it('lets who has permits finish when there are fewer', async () => {
      const { slots, log, ask } = setup({ permits: 3 });
      const held = [ask('a'), ask('b'), ask('c')];
      ask('d');
      await settle();
      slots.resize(1);
      expect(slots.inUse).toBe(3);
      held[0]!.permit!.success();
      held[1]!.permit!.success();
      await settle();
      expect(log).toEqual(['a', 'b', 'c']);
      held[2]!.permit!.success();
      await settle();
      expect(log).toEqual(['a', 'b', 'c', 'd']);
    });

    it('refuses who waits for more than there is now, and does not hold up the others for it', async () => {
      const { slots, log, ask, clock } = setup({ permits: 4, queueTimeoutMs: 10 });
      ask('held', { weight: 1 });
      ask('heavy', { weight: 4 });
      ask('light', { weight: 1 });
      await settle();
      slots.resize(3);
      await settle();
      expect(log).toEqual([
        'held',
        'heavy: ConfigError: slots: weight is 4; it must be a whole number from 1 to 3, the permits there are',
        'light',
      ]);
      expect(slots.queued).toBe(0);
      await clock.advance(100);
      expect(log).toHaveLength(3);
    });

    it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (permits) => {
      const { slots } = setup({ permits: 2 });
      expect(() => slots.resize(permits)).toThrow(ConfigError);
      expect(() => slots.resize(permits)).toThrow(`slots: permits is ${permits}`);
      expect(slots.permits).toBe(2);
    });
  });

  it.each([
    [{ weight: 3 }, 'slots: weight is 3; it must be a whole number from 1 to 2, the permits there are'],
    [{ weight: 0 }, 'slots: weight is 0'],
    [{ weight: -1 }, 'slots: weight is -1'],
    [{ weight: 1.5 }, 'slots: weight is 1.5'],
    [{ weight: Number.NaN }, 'slots: weight is NaN'],
    [{ priority: Number.NaN }, 'slots: priority is NaN; it must be a finite number'],
    [{ priority: Number.POSITIVE_INFINITY }, 'slots: priority is Infinity'],
  ])('refuses %j as a mistake, whether permits are free or not', async (options, message) => {
    const { slots } = setup();
    for (let taken = 0; taken < 3; taken++) {
      await expect(slots.execute(() => 1, options)).rejects.toThrow(ConfigError);
      await expect(slots.acquire(options)).rejects.toThrow(message);
      expect(() => slots.tryAcquire(options)).toThrow(message);
      slots.tryAcquire();
    }
    expect(slots.queued).toBe(0);
    expect(slots.inUse).toBe(2);
  });

  it.each([
    [{ permits: 0 }, 'slots: permits is 0'],
    [{ permits: 1.5 }, 'slots: permits is 1.5'],
    [{ maxQueue: -1 }, 'slots: maxQueue is -1'],
    [{ maxQueue: 0.5 }, 'slots: maxQueue is 0.5'],
    [{ maxQueue: Number.NaN }, 'slots: maxQueue is NaN'],
    [{ queueTimeoutMs: -1 }, 'slots: queueTimeoutMs is -1'],
    [{ queueTimeoutMs: Number.POSITIVE_INFINITY }, 'slots: queueTimeoutMs is Infinity'],
  ])('is not made from %j', (options, message) => {
    expect(() => setup(options)).toThrow(ConfigError);
    expect(() => setup(options)).toThrow(message);
  });

  it('has a name, and a queue without end if that is asked for', () => {
    expect(semaphore({ permits: 1, maxQueue: Number.POSITIVE_INFINITY }).name).toBe('semaphore');
  });
});
