import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError } from '../core/errors.js';
import { RESILIENCE_CHANNEL } from '../core/events.js';
import { collect } from '../metrics/collect.js';
import { settle } from '../testing/virtual-clock.js';
import { SEMAPHORE_METRICS } from './metrics.js';
import { deferred, reasonOf, setup } from './semaphore.suite.js';

describe('waiting for permits', () => {
  it('refuses the call for which the queue has no room', async () => {
    const { slots, ask, log } = setup({ permits: 1, maxQueue: 1 });
    ask('running');
    ask('waiting');
    ask('too much');
    await settle();
    expect(log).toEqual(['running', 'too much: queue-full']);
    await expect(slots.execute(() => 1)).rejects.toThrow('slots rejected the call: its queue is full');
    expect(slots.queued).toBe(1);
  });

  it('lets nobody wait when the queue has no place', async () => {
    const { slots } = setup({ permits: 1, maxQueue: 0 });
    const permit = slots.tryAcquire()!;
    expect(await reasonOf(slots.acquire())).toBe('queue-full');
    permit.success();
    expect(await reasonOf(slots.acquire())).toBe('granted');
  });

  it('lets 1000 wait unless told otherwise', async () => {
    const { slots } = setup({ permits: 1 });
    const permit = slots.tryAcquire()!;
    const waiting = Array.from({ length: 1000 }, () => slots.execute(() => 1));
    expect(slots.queued).toBe(1000);
    expect(await reasonOf(slots.execute(() => 1))).toBe('queue-full');
    permit.success();
    await Promise.all(waiting);
  });

  it('refuses who waited for the queue timeout, with one timer for all', async () => {
    const { clock, slots, ask, log } = setup({ permits: 1, queueTimeoutMs: 100 });
    const first = ask('first');
    ask('second');
    await clock.advance(60);
    ask('third');
    expect(clock.timers).toBe(1);
    await clock.advance(39);
    expect(log).toEqual(['first']);
    await clock.advance(1);
    expect(log).toEqual(['first', 'second: queue-timeout']);
    first.permit!.success();
    await clock.advance(1000);
    expect(log).toEqual(['first', 'second: queue-timeout', 'third']);
    expect(slots.inUse).toBe(1);
    expect(clock.timers).toBe(0);
  });

  describe('with a deadline', () => {
    it('refuses a call at its deadline while it waits', async () => {
      const { clock, ask, log, slots } = setup({ permits: 1 });
      ask('first');
      ask('second', { deadline: 50 });
      const ran = slots.execute(() => 1, { deadline: 60 }).catch((error: unknown) => log.push(String(error)));
      await clock.advance(49);
      expect(log).toEqual(['first']);
      await clock.advance(1);
      expect(log).toEqual(['first', 'second: deadline']);
      await clock.advance(10);
      await ran;
      expect(log.at(-1)).toBe('RejectedError: slots rejected the call: the deadline cannot be met');
      expect(slots.queued).toBe(0);
      expect(clock.timers).toBe(0);
    });

    it('refuses a call at once whose deadline has passed', async () => {
      const { clock, slots } = setup({ permits: 1 });
      await clock.advance(100);
      expect(await reasonOf(slots.acquire({ deadline: 100 }))).toBe('deadline');
      expect(await reasonOf(slots.acquire({ deadline: 100.5 }))).toBe('granted');
      expect(await reasonOf(slots.acquire({ deadline: 99 }))).toBe('deadline');
      expect(await reasonOf(slots.execute(() => 1, { deadline: 100 }))).toBe('deadline');
      expect(slots.queued).toBe(0);
    });

    it('says which came first, the deadline or the queue timeout', async () => {
      const { clock, ask, log } = setup({ permits: 1, queueTimeoutMs: 100 });
      ask('first');
      ask('patient', { deadline: 101 });
      ask('hasty', { deadline: 99 });
      ask('exact', { deadline: 100 });
      await clock.advance(1000);
      expect(log).toEqual(['first', 'hasty: deadline', 'patient: queue-timeout', 'exact: deadline']);
      expect(clock.timers).toBe(0);
    });
  });

  describe('when the caller aborts', () => {
    it('takes the call out of the queue at once, and says why', async () => {
      const { slots, clock } = setup({ permits: 1, queueTimeoutMs: 100 });
      slots.tryAcquire();
      const abort = new AbortController();
      const waiting = slots.execute(() => 1, { signal: abort.signal });
      expect(slots.queued).toBe(1);
      const reason = new Error('not needed any more');
      abort.abort(reason);
      expect(slots.queued).toBe(0);
      const error = await waiting.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(RejectedError);
      expect(error).toMatchObject({ reason: 'aborted', policy: 'slots', cause: reason });
      await clock.advance(1000);
      expect(slots.inUse).toBe(1);
    });

    it('refuses a call by hand that was aborted before', async () => {
      const { slots } = setup();
      expect(await reasonOf(slots.acquire({ signal: AbortSignal.abort() }))).toBe('aborted');
      expect(slots.inUse).toBe(0);
    });

    it('does not lose the permits of a call that was granted them in the same turn', async () => {
      const { slots, log, ask } = setup({ permits: 1 });
      const permit = slots.tryAcquire()!;
      const abort = new AbortController();
      let ran = false;
      const running = slots.execute(
        () => {
          ran = true;
        },
        { signal: abort.signal },
      );
      ask('next', { signal: abort.signal });
      ask('last');
      permit.success();
      expect(slots.inUse).toBe(1);
      abort.abort();
      expect(await reasonOf(running)).toBe('aborted');
      await settle();
      expect(ran).toBe(false);
      expect(log).toEqual(['next: aborted', 'last']);
      expect(slots.inUse).toBe(1);
    });

    it('keeps the permit of an operation that runs on', async () => {
      const { slots } = setup({ permits: 1 });
      const abort = new AbortController();
      const gate = deferred();
      const running = slots.execute(() => gate.promise, { signal: abort.signal });
      abort.abort();
      await settle();
      expect(slots.inUse).toBe(1);
      gate.resolve();
      await running;
      expect(slots.inUse).toBe(0);
    });

    it('leaves no listener behind on the signal', async () => {
      const { slots } = setup({ permits: 1 });
      const abort = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = abort.signal;
      abort.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        listeners++;
        addEventListener.apply(abort.signal, args);
      };
      abort.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        listeners--;
        removeEventListener.apply(abort.signal, args);
      };
      const permit = slots.tryAcquire()!;
      const byHand = slots.acquire({ signal: abort.signal });
      const running = slots.execute(() => 1, { signal: abort.signal });
      expect(listeners).toBe(2);
      permit.success();
      (await byHand).success();
      await running;
      await settle();
      expect(listeners).toBe(0);
    });
  });

  describe('shutdown', () => {
    it('refuses who waits and who comes, and lets what runs finish', async () => {
      const { slots, log, ask } = setup({ permits: 3 });
      const held = ask('held', { weight: 2 });
      ask('heavy', { weight: 3 });
      ask('light');
      await settle();
      slots.shutdown();
      ask('late');
      await settle();
      expect(log).toEqual(['held', 'heavy: shutdown', 'light: shutdown', 'late: shutdown']);
      expect(slots.tryAcquire()).toBeUndefined();
      expect(slots.inUse).toBe(2);
      held.permit!.success();
      expect(slots.inUse).toBe(0);
      expect(await reasonOf(slots.execute(() => 1))).toBe('shutdown');
    });

    it('refuses each who waits once, also when a subscriber aborts one that is yet to be refused', async () => {
      const { slots, log, ask } = setup({ permits: 1 });
      ask('held');
      const calls = Array.from({ length: 4 }, () => new AbortController());
      for (const [index, { signal }] of calls.entries()) ask(`call ${index}`, { signal });
      await settle();
      let refusals = 0;
      const abortTheRest = () => {
        refusals++;
        for (const call of calls) call.abort();
      };
      subscribe(RESILIENCE_CHANNEL, abortTheRest);
      try {
        slots.shutdown();
      } finally {
        unsubscribe(RESILIENCE_CHANNEL, abortTheRest);
      }
      await settle();
      expect(log).toEqual(['held', ...calls.map((_, index) => `call ${index}: shutdown`)]);
      expect([slots.queued, refusals]).toEqual([0, 4]);
    });

    it('drains once every permit has come back', async () => {
      const { slots } = setup();
      const [one, two] = [slots.tryAcquire()!, slots.tryAcquire()!];
      let drained: boolean | undefined;
      const draining = slots.drain().then((all) => {
        drained = all;
      });
      one.success();
      await settle();
      expect(drained).toBeUndefined();
      two.success();
      await draining;
      expect(drained).toBe(true);
    });

    it('says when permits are still out after so long', async () => {
      const { slots, clock } = setup();
      const permit = slots.tryAcquire()!;
      const [short, long] = [slots.drain({ deadlineMs: 100 }), slots.drain({ deadlineMs: 300 })];
      await clock.advance(100);
      expect(await short).toBe(false);
      await clock.advance(100);
      permit.success();
      expect(await long).toBe(true);
      expect(clock.timers).toBe(0);
    });

    it('is drained at once when nothing runs', async () => {
      expect(await setup().slots.drain()).toBe(true);
    });

    it('refuses a deadline that is no number', async () => {
      const refused = expect(setup().slots.drain({ deadlineMs: Number.NaN })).rejects;
      await refused.toThrow(
        new ConfigError('slots: deadlineMs is NaN; it must be a number of at least 0, or Infinity'),
      );
    });
  });

  it('runs each operation in the async context of its own caller', async () => {
    const { slots } = setup({ permits: 1 });
    const storage = new AsyncLocalStorage<string>();
    const seen: Array<string | undefined> = [];
    const running = ['a', 'b', 'c'].map((who) =>
      storage.run(who, () => slots.execute(async () => void seen.push(storage.getStore()))),
    );
    await Promise.all(running);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('measures what it does', async () => {
    const { slots, ask, clock } = setup({ permits: 2, maxQueue: 2, queueTimeoutMs: 1000 });
    const held = [ask('a'), ask('b')];
    const abort = new AbortController();
    ask('c', { signal: abort.signal });
    ask('d', { deadline: 500 });
    ask('e');
    await settle();
    abort.abort();
    await clock.advance(500);
    ask('f');
    ask('g');
    await clock.advance(20);
    held[0]!.permit!.success();
    await settle();
    const read = () =>
      Object.fromEntries(
        [...collect([slots])].flatMap(([definition, samples]) =>
          samples.map(({ labels, value }) => [[definition.name, labels['reason']].filter(Boolean).join(' '), value]),
        ),
      );
    expect(read()).toMatchObject({
      semaphore_permits: 2,
      semaphore_permits_in_use: 2,
      semaphore_queued: 1,
      semaphore_acquired_total: 3,
      'semaphore_rejected_total queue-full': 1,
      'semaphore_rejected_total queue-timeout': 0,
      'semaphore_rejected_total deadline': 1,
      'semaphore_rejected_total aborted': 1,
      'semaphore_rejected_total shutdown': 0,
    });
    slots.shutdown();
    expect(read()['semaphore_rejected_total shutdown']).toBe(1);
    for (const samples of collect([slots]).values()) {
      for (const { labels } of samples) expect(labels['policy']).toBe('slots');
    }
  });

  it('times the first of every eight waits', async () => {
    const { slots, clock } = setup({ permits: 1 });
    const waits = () => {
      const sample = collect([slots]).get(SEMAPHORE_METRICS.waited)![0]!;
      return sample.value as { counts: readonly number[]; sum: number };
    };
    for (let turn = 0; turn < 9; turn++) {
      const permit = slots.tryAcquire()!;
      const waiting = slots.acquire();
      await clock.advance(20);
      permit.success();
      (await waiting).success();
      expect(waits().counts.reduce((all, one) => all + one)).toBe(turn < 8 ? 1 : 2);
    }
    expect(waits().sum).toBeCloseTo(0.04);
  });

  it('tells who listens about refusals', async () => {
    const { slots } = setup({ permits: 1, maxQueue: 0 });
    const events: unknown[] = [];
    const listen = (event: unknown) => void events.push(event);
    subscribe(RESILIENCE_CHANNEL, listen);
    try {
      slots.tryAcquire();
      await reasonOf(slots.acquire());
      await reasonOf(slots.acquire({ key: 'k' }));
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    expect(events).toStrictEqual([
      { type: 'rejected', policy: 'slots', reason: 'queue-full' },
      { type: 'rejected', policy: 'slots', key: 'k', reason: 'queue-full' },
    ]);
  });
});
