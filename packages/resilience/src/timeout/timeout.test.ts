import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import type { Call } from '../core/call.js';
import { ConfigError, RejectedError, TimeoutError } from '../core/errors.js';
import { RESILIENCE_CHANNEL } from '../core/events.js';
import { Layer, type Next } from '../core/layer.js';
import { pipeline } from '../core/pipeline.js';
import { StallMonitor } from '../core/stalls.js';
import type { Context, Options } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { type TimeoutOptions, timeout } from './timeout.js';

function timeoutOf(options: Partial<TimeoutOptions> = {}) {
  const clock = new VirtualClock();
  const stalls = new StallMonitor({ clock });
  const policy = timeout({ name: 'limit', timeoutMs: 100, clock, stalls, ...options });
  return { clock, stalls, policy };
}

/** An operation that the test ends when it likes. */
function deferred() {
  let context: Context | undefined;
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return {
    operation: (given: Context) => {
      context = given;
      return promise;
    },
    resolve,
    reject,
    context: () => context!,
  };
}

/** What a promise came to, or `pending`. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'pending' };
  promise.then(
    (value) => {
      watched.outcome = value;
    },
    (error: unknown) => {
      watched.outcome = error;
    },
  );
  return watched;
}

const values = (policy: ReturnType<typeof timeoutOf>['policy']) =>
  Object.fromEntries(
    [...collect([policy])].flatMap(([{ name }, samples]) =>
      samples.map(({ labels, value }) => [`${name} ${Object.values(labels).join(' ')}`, value]),
    ),
  );

describe('timeout', () => {
  it('hands on what comes in time, and leaves no alarm behind', async () => {
    const { clock, policy } = timeoutOf();
    const slow = deferred();
    const answer = watch(policy.execute(slow.operation));
    await clock.advance(99);
    slow.resolve('just in time');
    await clock.advance(1_000);
    expect(answer.outcome).toBe('just in time');
    await expect(policy.execute(() => Promise.reject(new Error('down')))).rejects.toThrow('down');
    await expect(policy.execute(() => 1)).resolves.toBe(1);
    expect(values(policy)).toEqual({
      'timeout_expired_total limit no': 0,
      'timeout_expired_total limit yes': 0,
      'timeout_operations_running_on limit': 0,
    });
  });

  it('answers when the time is up, not before, and aborts the operation', async () => {
    const { clock, policy } = timeoutOf();
    const slow = deferred();
    const answer = watch(policy.execute(slow.operation));
    const { signal } = slow.context();
    await clock.advance(99);
    expect(answer.outcome).toBe('pending');
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(answer.outcome).toBeInstanceOf(TimeoutError);
    expect(answer.outcome).toMatchObject({ policy: 'limit', timeoutMs: 100, stalled: false });
    expect(signal.reason).toBe(answer.outcome);
  });

  it('tells the operation its deadline, which is never later than the caller’s', async () => {
    const { clock, policy } = timeoutOf();
    await clock.advance(1_000);
    const deadlineOf = (options?: Options) => policy.execute(({ deadline }) => deadline, options);
    expect(await deadlineOf()).toBe(1_100);
    expect(await deadlineOf({ deadline: 1_050 })).toBe(1_050);
    expect(await deadlineOf({ deadline: 5_000 })).toBe(1_100);
  });

  it('times each of many calls by itself, with one timer', async () => {
    const { clock, policy } = timeoutOf();
    const answers: Array<{ outcome: unknown }> = [];
    for (let call = 0; call < 5; call++) {
      answers.push(watch(policy.execute(deferred().operation)));
      await clock.advance(10);
    }
    // The other one is the stall monitor's.
    expect(clock.timers).toBe(2);
    await clock.advance(60);
    const timedOut = () => answers.filter(({ outcome }) => outcome instanceof TimeoutError).length;
    expect(timedOut()).toBe(2);
    await clock.advance(30);
    expect(timedOut()).toBe(5);
  });

  it('answers in time although the event loop brings alarm and answer in the same turn', async () => {
    const { clock, policy } = timeoutOf();
    const slow = deferred();
    const answer = watch(policy.execute(slow.operation));
    clock.stall(100);
    slow.resolve('at the last moment');
    await clock.advance(0);
    expect(answer.outcome).toBe('at the last moment');
    expect(values(policy)).toMatchObject({ 'timeout_expired_total limit no': 0 });
  });

  describe('when the caller leaves', () => {
    it('answers with the caller’s reason, and aborts the operation', async () => {
      const { clock, policy } = timeoutOf();
      const controller = new AbortController();
      const slow = deferred();
      const answer = watch(policy.execute(slow.operation, { signal: controller.signal }));
      const reason = new Error('user went home');
      controller.abort(reason);
      await settle();
      expect(answer.outcome).toBe(reason);
      expect(slow.context().signal.reason).toBe(reason);
      await clock.advance(1_000);
      expect(values(policy)).toMatchObject({
        'timeout_expired_total limit no': 0,
        'timeout_operations_running_on limit': 1,
      });
    });

    it('minds a caller who leaves while the operation starts', async () => {
      const { policy } = timeoutOf();
      const controller = new AbortController();
      const answer = watch(
        policy.execute(
          () => {
            controller.abort('at once');
            return new Promise(() => {});
          },
          { signal: controller.signal },
        ),
      );
      await settle();
      expect(answer.outcome).toBe('at once');
    });

    it('has nothing left to do when the call was over', async () => {
      const { policy } = timeoutOf();
      const controller = new AbortController();
      const answer = policy.execute(() => 'fine', { signal: controller.signal });
      await expect(answer).resolves.toBe('fine');
      controller.abort();
      await settle();
      expect(values(policy)).toMatchObject({ 'timeout_operations_running_on limit': 0 });
    });
  });

  describe('an operation that runs on', () => {
    /** Remembers the call, as a policy does that holds a permit for it. */
    class Holder extends Layer {
      readonly name = 'holder';
      call: Call | undefined;
      run(call: Call, next: Next): Promise<unknown> {
        this.call = call;
        return next(call);
      }
    }

    it.each(['resolve', 'reject'] as const)('counts until it has settled (%s)', async (end) => {
      const { clock, policy } = timeoutOf();
      const holder = new Holder(clock);
      const slow = deferred();
      const answer = watch(pipeline(holder, policy).execute(slow.operation));
      await clock.advance(100);
      expect(answer.outcome).toBeInstanceOf(TimeoutError);
      expect(holder.call!.runningOn).toBe(1);
      expect(values(policy)).toMatchObject({ 'timeout_operations_running_on limit': 1 });
      let quiet = false;
      holder.call!.whenQuiet(() => {
        quiet = true;
      });
      slow[end](new Error('late'));
      await settle();
      expect(quiet).toBe(true);
      expect(values(policy)).toMatchObject({ 'timeout_operations_running_on limit': 0 });
    });

    it('holds permits until it has settled, also behind two timeouts', async () => {
      const { clock, policy } = timeoutOf();
      const holder = new Holder(clock);
      const slow = deferred();
      const inner = timeout({ timeoutMs: 300, clock });
      const answer = watch(pipeline(holder, policy, inner).execute(slow.operation));
      await clock.advance(100);
      expect(answer.outcome).toMatchObject({ policy: 'limit' });
      await clock.advance(500);
      expect(holder.call!.runningOn).toBeGreaterThan(0);
      slow.resolve('at last');
      await settle();
      expect(holder.call!.runningOn).toBe(0);
    });
  });

  describe('while the event loop stands still', () => {
    it.each([
      [24, false],
      [25, true],
    ])('for %d % of the wait, says stalled: %s', async (stalledMs, stalled) => {
      const clock = new VirtualClock();
      const stalls = new StallMonitor({ clock, tickMs: 1, thresholdMs: 0 });
      const policy = timeout({ name: 'limit', timeoutMs: 100, clock, stalls });
      const answer = watch(policy.execute(deferred().operation));
      await clock.advance(50);
      clock.stall(stalledMs + 1);
      await clock.advance(50);
      expect(answer.outcome).toMatchObject({ name: 'TimeoutError', stalled });
      expect(values(policy)).toMatchObject({
        'timeout_expired_total limit no': stalled ? 0 : 1,
        'timeout_expired_total limit yes': stalled ? 1 : 0,
      });
    });

    it('does not excuse a timeout with a stall of before', async () => {
      const { clock, stalls, policy } = timeoutOf();
      stalls.watch();
      clock.stall(5_000);
      await clock.advance(0);
      const answer = watch(policy.execute(deferred().operation));
      await clock.advance(100);
      expect(answer.outcome).toMatchObject({ stalled: false });
    });
  });

  describe('around a queue', () => {
    /** Stands in its queue until the wait has come to an end, as a semaphore does. */
    class Queue extends Layer {
      readonly name = 'queue';
      leave!: () => void;
      call!: Call;
      run(call: Call, next: Next): Promise<unknown> {
        this.call = call;
        call.enterQueue();
        const wait = new Promise<void>((resolve, reject) => {
          this.leave = resolve;
          call.onAbort(() => reject(this.rejection(call, call.ending)));
        });
        return wait.finally(() => call.leaveQueue()).then(() => next(call));
      }
    }

    it('lets the queue refuse a call that never left it: nothing timed out', async () => {
      const { clock, policy } = timeoutOf();
      const queue = new Queue(clock);
      const answer = watch(pipeline(policy, queue).execute(() => 1));
      await clock.advance(100);
      expect(queue.call.reason).toMatchObject({ name: 'TimeoutError', policy: 'limit', stalled: false });
      expect(answer.outcome).toBeInstanceOf(RejectedError);
      expect(answer.outcome).toMatchObject({ policy: 'queue', reason: 'deadline' });
      expect(values(policy)).toMatchObject({
        'timeout_expired_total limit no': 0,
        'timeout_operations_running_on limit': 0,
      });
    });

    it('lets the queue refuse a call whose caller left', async () => {
      const { clock, policy } = timeoutOf();
      const controller = new AbortController();
      const answer = watch(pipeline(policy, new Queue(clock)).execute(() => 1, { signal: controller.signal }));
      controller.abort('bye');
      await settle();
      expect(answer.outcome).toMatchObject({ policy: 'queue', reason: 'aborted' });
      expect(values(policy)).toMatchObject({ 'timeout_operations_running_on limit': 0 });
    });

    it('times out a call that left it', async () => {
      const { clock, policy } = timeoutOf();
      const queue = new Queue(clock);
      const answer = watch(pipeline(policy, queue).execute(deferred().operation));
      await clock.advance(60);
      queue.leave();
      await clock.advance(40);
      expect(answer.outcome).toBeInstanceOf(TimeoutError);
    });
  });

  it('says what timed out, to who listens', async () => {
    const heard: unknown[] = [];
    const listen = (event: unknown) => heard.push(event);
    subscribe(RESILIENCE_CHANNEL, listen);
    try {
      const { clock, policy } = timeoutOf();
      watch(policy.execute(deferred().operation));
      await clock.advance(100);
    } finally {
      unsubscribe(RESILIENCE_CHANNEL, listen);
    }
    expect(heard).toEqual([{ type: 'timeout', policy: 'limit', timeoutMs: 100, stalled: false }]);
  });

  it('is called timeout unless it has a name', () => {
    expect(timeout({ timeoutMs: 5 })).toMatchObject({ name: 'timeout', timeoutMs: 5 });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5'])('refuses a timeoutMs of %s', (timeoutMs) => {
    expect(() => timeout({ name: 'limit', timeoutMs: timeoutMs as number })).toThrow(
      new ConfigError(`limit: timeoutMs is ${timeoutMs}; it must be a number of at least 1`),
    );
  });
});
