import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { Call } from './call.js';
import { systemClock } from './clock.js';
import { RejectedError, TimeoutError } from './errors.js';
import { invoke, Layer, type Next } from './layer.js';
import type { Context } from './types.js';

/** A layer that does nothing but remember whom it saw. */
class Through extends Layer {
  readonly name = 'through';
  readonly seen: Call[] = [];

  run(call: Call, next: Next): Promise<unknown> {
    this.seen.push(call);
    return next(call);
  }
}

class Refuser extends Layer {
  readonly name = 'refuser';

  run(call: Call): Promise<unknown> {
    return Promise.reject(this.rejection(call, 'shed', { retryAfterMs: 7 }));
  }
}

const through = (clock = new VirtualClock()) => new Through(clock);
const hang = () => new Promise<never>(() => {});

describe('invoke', () => {
  it('hands values, promises and errors on, and never throws', async () => {
    const run = (operation: (context: Context) => unknown) => through().execute(operation);
    await expect(run(() => 1)).resolves.toBe(1);
    await expect(run(async () => 2)).resolves.toBe(2);
    // biome-ignore lint/suspicious/noThenProperty: anything with a then counts as a promise
    await expect(run(() => ({ then: (resolve: (value: number) => void) => resolve(3) }))).resolves.toBe(3);
    await expect(run(() => Promise.reject(new Error('rejected')))).rejects.toThrow('rejected');
    const thrown = invoke({
      operation: () => {
        throw new Error('thrown');
      },
    } as unknown as Call);
    await expect(thrown).rejects.toThrow('thrown');
  });
});

describe('Layer', () => {
  it('runs on the machine’s clock unless it has another', () => {
    expect(new Through().clock).toBe(systemClock);
    const clock = new VirtualClock();
    expect(new Through(clock).clock).toBe(clock);
  });

  it('starts the operation in the same turn', () => {
    let ran = false;
    through()
      .execute(() => {
        ran = true;
      })
      .catch(() => {});
    expect(ran).toBe(true);
  });

  it('gives the operation its context', async () => {
    const layer = through();
    const context = await layer.execute((context) => context);
    expect(context).toMatchObject({ deadline: Number.POSITIVE_INFINITY, attempt: 1 });
    expect(layer.seen).toEqual([context]);
  });

  it('marks its refusals with the call that they belong to', async () => {
    const error = (await new Refuser().execute(() => 1).catch((error: unknown) => error)) as RejectedError;
    expect(error).toBeInstanceOf(RejectedError);
    expect(error).toMatchObject({ policy: 'refuser', reason: 'shed', retryAfterMs: 7 });
    expect(error.origin).toBeGreaterThan(0);
  });

  describe('with a caller’s signal', () => {
    it('refuses a call that is aborted already: it does not run', async () => {
      const reason = new Error('too late');
      const layer = through();
      const call = layer.execute(() => 1, { signal: AbortSignal.abort(reason) });
      await expect(call).rejects.toMatchObject({
        name: 'RejectedError',
        reason: 'aborted',
        policy: 'through',
        cause: reason,
      });
      expect(layer.seen).toEqual([]);
    });

    it('aborts the operation’s signal', async () => {
      const controller = new AbortController();
      const call = through().execute(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          }),
        { signal: controller.signal },
      );
      controller.abort('enough');
      await expect(call).rejects.toBe('enough');
    });

    it('leaves the answer to the operation: one that ignores the signal is waited for', async () => {
      const controller = new AbortController();
      let end!: (value: string) => void;
      const call = through().execute(() => new Promise<string>((resolve) => (end = resolve)), {
        signal: controller.signal,
      });
      controller.abort();
      end('done all the same');
      await expect(call).resolves.toBe('done all the same');
    });

    it.each([
      ['a value', async () => 1],
      ['an error', async () => Promise.reject(new Error('down'))],
    ])('listens to it no longer than the call takes, when that ends with %s', async (_, end) => {
      const { signal } = new AbortController();
      const listeners = () => getEventListeners(signal, 'abort').length;
      for (const options of [{ signal }, { signal, deadline: 1_000 }]) {
        await through()
          .execute((context) => {
            context.signal;
            expect(listeners()).toBe(1);
            return end();
          }, options)
          .catch(() => {});
        expect(listeners()).toBe(0);
      }
    });
  });

  describe('with a deadline', () => {
    it('refuses a call whose deadline is over: it does not run', async () => {
      const clock = new VirtualClock({ nowMs: 100 });
      const layer = through(clock);
      for (const deadline of [99, 100]) {
        await expect(layer.execute(() => 1, { deadline })).rejects.toMatchObject({
          reason: 'deadline',
          policy: 'through',
        });
      }
      expect(layer.seen).toEqual([]);
      await expect(layer.execute(() => 1, { deadline: 101 })).resolves.toBe(1);
    });

    it('answers the caller at the deadline, and aborts the operation’s signal', async () => {
      const clock = new VirtualClock({ nowMs: 100 });
      let context!: Context;
      const call = through(clock).execute(
        (given) => {
          context = given;
          return hang();
        },
        { deadline: 150 },
      );
      expect(context.deadline).toBe(150);
      let answer: unknown;
      call.catch((error: unknown) => {
        answer = error;
      });
      await clock.advance(49);
      expect(answer).toBeUndefined();
      await clock.advance(1);
      expect(answer).toBeInstanceOf(TimeoutError);
      expect(answer).toMatchObject({ policy: 'through', timeoutMs: 50, stalled: false });
      expect(context.signal.reason).toBe(answer);
    });

    it('leaves no timer behind when the call ends in time', async () => {
      const clock = new VirtualClock();
      await through(clock).execute(() => 1, { deadline: 50 });
      await through(clock)
        .execute(() => Promise.reject(new Error('down')), { deadline: 50 })
        .catch(() => {});
      expect(clock.timers).toBe(0);
    });

    it('sets no timer where there is none', async () => {
      const clock = new VirtualClock();
      const call = through(clock).execute(hang, { signal: new AbortController().signal });
      expect(clock.timers).toBe(0);
      void call;
    });

    it('hands an error on that comes before it', async () => {
      const clock = new VirtualClock();
      const call = through(clock).execute(() => Promise.reject(new Error('down')), { deadline: 50 });
      await expect(call).rejects.toThrow('down');
    });

    it('lets a queue refuse a call that never left it', async () => {
      const clock = new VirtualClock();
      class Queue extends Layer {
        readonly name = 'queue';
        run(call: Call): Promise<unknown> {
          call.enterQueue();
          return new Promise((_, reject) => {
            call.onAbort(() => reject(this.rejection(call, call.ending)));
          });
        }
      }
      const answer = new Queue(clock).execute(() => 1, { deadline: 50 }).catch((error: unknown) => error);
      await clock.advance(50);
      expect(await answer).toMatchObject({ name: 'RejectedError', reason: 'deadline', policy: 'queue' });
    });
  });
});
