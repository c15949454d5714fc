import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import type { Call } from './call.js';
import { RejectedError, TimeoutError } from './errors.js';
import { isOwnRejection } from './judge.js';
import { Layer, type Next } from './layer.js';
import { pipeline } from './pipeline.js';
import type { Context, Operation, Options, Policy } from './types.js';

/** Writes down when a call goes in and comes out. */
class Tracer extends Layer {
  readonly name: string;
  readonly #log: string[];

  constructor(name: string, log: string[] = []) {
    super();
    this.name = name;
    this.#log = log;
  }

  async run(call: Call, next: Next): Promise<unknown> {
    this.#log.push(`> ${this.name}`);
    try {
      return await next(call);
    } finally {
      this.#log.push(`< ${this.name}`);
    }
  }
}

/** Says whether what comes back was refused by its own pipeline. */
class Judge extends Layer {
  readonly name = 'judge';
  own: boolean | undefined;

  run(call: Call, next: Next): Promise<unknown> {
    return next(call).catch((error: unknown) => {
      this.own = isOwnRejection(call, error);
      throw error;
    });
  }
}

class Refuser extends Layer {
  readonly name = 'refuser';
  run(call: Call): Promise<unknown> {
    return Promise.reject(this.rejection(call, 'shed'));
  }
}

class Retrier extends Layer {
  readonly name = 'retrier';
  run(call: Call, next: Next): Promise<unknown> {
    return next(call).catch(() => next(call.child(call.deadline, call.attempt + 1)));
  }
}

/** A policy of a user's own: it knows nothing but `execute`. */
function guest(around: <T>(operation: Operation<T>, options?: Options) => Promise<T>): Policy {
  return { name: 'guest', execute: around };
}

/** What a guest must give its operation. */
const contextOf = (options: Options | undefined, changes: Partial<Context> = {}): Context => ({
  signal: options?.signal ?? new AbortController().signal,
  deadline: options?.deadline ?? Number.POSITIVE_INFINITY,
  attempt: 1,
  ...changes,
});

describe('pipeline', () => {
  it('runs its policies outermost first', async () => {
    const log: string[] = [];
    const policy = pipeline(new Tracer('a', log), new Tracer('b', log));
    await policy.execute(() => log.push('operation'));
    expect(log).toEqual(['> a', '> b', 'operation', '< b', '< a']);
  });

  it('runs the operation alone when it has no policies', async () => {
    await expect(pipeline().execute(() => 1)).resolves.toBe(1);
    await expect(pipeline().execute(() => Promise.reject(new Error('down')))).rejects.toThrow('down');
  });

  it('is named for its policies', () => {
    expect(pipeline(new Tracer('a'), new Tracer('b')).name).toBe('pipeline(a > b)');
  });

  it('can be used again and again, for calls that overlap', async () => {
    const policy = pipeline(new Tracer('a'));
    const answers = await Promise.all([1, 2, 3].map((value) => policy.execute(async () => value)));
    expect(answers).toEqual([1, 2, 3]);
  });

  it('hands options and deadline to every policy and the operation', async () => {
    const clock = new VirtualClock();
    const options = { key: 'a', deadline: 500, priority: 3, weight: 2 };
    let context!: Context;
    await pipeline(timeout({ timeoutMs: 900, clock }), timeout({ timeoutMs: 100, clock })).execute((given) => {
      context = given;
    }, options);
    expect((context as Call).options).toBe(options);
    expect(context.deadline).toBe(100);
    await pipeline(timeout({ timeoutMs: 900, clock })).execute((given) => {
      context = given;
    }, options);
    expect(context.deadline).toBe(500);
  });

  it('makes no signal for an operation that reads none', async () => {
    const { AbortController: Original } = globalThis;
    let made = 0;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        made++;
      }
    };
    try {
      const clock = new VirtualClock();
      const policy = pipeline(new Tracer('a'), timeout({ timeoutMs: 100, clock }));
      await policy.execute(() => 1);
      expect(made).toBe(0);
      await policy.execute(({ signal }) => signal.aborted);
      expect(made).toBe(1);
    } finally {
      globalThis.AbortController = Original;
    }
  });

  it.each(['before', 'after'])(
    'keeps the deadline on the clock of its policies, with a guest %s them',
    async (where) => {
      const clock = new VirtualClock({ nowMs: 1e12 });
      const slow = timeout({ timeoutMs: 1_000, clock });
      const foreign = guest(async (operation, options) => operation(contextOf(options)));
      const policy = where === 'before' ? pipeline(foreign, slow) : pipeline(slow, foreign);
      const answer = policy
        .execute(() => new Promise(() => {}), { deadline: 1e12 + 50 })
        .catch((error: unknown) => error);
      await clock.advance(50);
      expect(await answer).toMatchObject({ name: 'TimeoutError', timeoutMs: 50 });
    },
  );

  describe('within a pipeline', () => {
    it('is flattened', async () => {
      const log: string[] = [];
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new Tracer(name, log)) as [Tracer, Tracer, Tracer];
      const policy = pipeline(a, pipeline(b, pipeline(c)));
      expect(policy.policies).toEqual([a, b, c]);
      expect(policy.name).toBe('pipeline(a > b > c)');
      await policy.execute(() => {});
      expect(log).toEqual(['> a', '> b', '> c', '< c', '< b', '< a']);
    });

    it('is one pipeline to rejections', async () => {
      const judge = new Judge();
      await pipeline(judge, pipeline(new Refuser()))
        .execute(() => 1)
        .catch(() => {});
      expect(judge.own).toBe(true);
    });

    it('keeps guests', () => {
      const foreign = guest(async (operation, options) => operation(contextOf(options)));
      expect(pipeline(pipeline(foreign)).policies).toEqual([foreign]);
    });
  });

  describe('rejections', () => {
    it('are its own when an inner policy refused', async () => {
      const judge = new Judge();
      const call = pipeline(judge, new Refuser()).execute(() => 1);
      await expect(call).rejects.toBeInstanceOf(RejectedError);
      expect(judge.own).toBe(true);
    });

    it('are another’s when they come out of a pipeline further down', async () => {
      const judge = new Judge();
      const inner = pipeline(new Refuser());
      await pipeline(judge)
        .execute(() => inner.execute(() => 1))
        .catch(() => {});
      expect(judge.own).toBe(false);
    });

    it('are its own when the refused attempt was a later one', async () => {
      const judge = new Judge();
      await pipeline(judge, new Retrier(), new Refuser())
        .execute(() => 1)
        .catch(() => {});
      expect(judge.own).toBe(true);
    });
  });

  describe('with a guest', () => {
    const passing = () => {
      const seen: Array<Options | undefined> = [];
      const policy = guest(async (operation, options) => {
        seen.push(options);
        return operation(contextOf(options));
      });
      return { policy, seen };
    };

    it('runs it in its place', async () => {
      const log: string[] = [];
      const noted = guest(async (operation, options) => {
        log.push('> guest');
        const value = await operation(contextOf(options));
        log.push('< guest');
        return value;
      });
      const policy = pipeline(new Tracer('a', log), noted, new Tracer('b', log));
      expect(policy.name).toBe('pipeline(a > guest > b)');
      await expect(policy.execute(() => 'fine')).resolves.toBe('fine');
      expect(log).toEqual(['> a', '> guest', '> b', '< b', '< guest', '< a']);
    });

    it('tells it what the caller said, and nothing that the caller did not', async () => {
      const { policy, seen } = passing();
      const said = { key: 'a', priority: 2, weight: 3, idempotent: false, deadline: Number.POSITIVE_INFINITY };
      await pipeline(policy).execute(() => 1, said);
      expect(seen[0]).toEqual({ ...said, signal: expect.any(AbortSignal) });
      await pipeline(policy).execute(() => 1);
      expect(Object.keys(seen[1]!).sort()).toEqual(['deadline', 'signal']);
    });

    it('hands its errors on, thrown or rejected', async () => {
      const throwing: Policy = {
        name: 'thrower',
        execute: () => {
          throw new Error('thrown');
        },
      };
      await expect(pipeline(throwing).execute(() => 1)).rejects.toThrow('thrown');
      await expect(pipeline(guest(() => Promise.reject(new Error('rejected')))).execute(() => 1)).rejects.toThrow(
        'rejected',
      );
    });

    it('tightens the deadline inwards, never loosens it', async () => {
      const deadlines: number[] = [];
      const note: Operation<void> = ({ deadline }) => void deadlines.push(deadline);
      const tightening = guest(async (operation, options) => operation(contextOf(options, { deadline: 50 })));
      const loosening = guest(async (operation, options) => operation(contextOf(options, { deadline: 999 })));
      const clock = new VirtualClock();
      await pipeline(timeout({ timeoutMs: 100, clock }), tightening).execute(note);
      await pipeline(timeout({ timeoutMs: 100, clock }), loosening).execute(note);
      expect(deadlines).toEqual([50, 100]);
    });

    it('counts its attempts on', async () => {
      const attempts: number[] = [];
      const twice = guest(async (operation, options) => {
        await Promise.resolve(operation(contextOf(options, { attempt: 1 }))).catch(() => {});
        return operation(contextOf(options, { attempt: 2 }));
      });
      const failing: Operation<never> = ({ attempt }) => {
        attempts.push(attempt);
        return Promise.reject(new Error('down'));
      };
      await pipeline(new Retrier(), twice)
        .execute(failing)
        .catch(() => {});
      expect(attempts).toEqual([1, 2, 2, 3]);
    });

    it('aborts the operation with the guest’s own signal', async () => {
      const controller = new AbortController();
      const impatient = guest(async (operation, options) =>
        operation(contextOf(options, { signal: controller.signal })),
      );
      const answer = pipeline(impatient)
        .execute(
          ({ signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            }),
        )
        .catch((error: unknown) => error);
      controller.abort('enough');
      expect(await answer).toBe('enough');
    });

    it('listens to the guest’s signal no longer than the operation takes', async () => {
      const { signal } = new AbortController();
      const listeners = () => getEventListeners(signal, 'abort').length;
      const lasting = guest(async (operation, options) => operation(contextOf(options, { signal })));
      for (const end of [() => 'fine', () => Promise.reject(new Error('down'))]) {
        await pipeline(lasting)
          .execute(() => {
            expect(listeners()).toBe(1);
            return end();
          })
          .catch(() => {});
        expect(listeners()).toBe(0);
      }
    });

    it('aborts an operation that the guest starts after its signal was aborted', async () => {
      const late = guest(async (operation, options) =>
        operation(contextOf(options, { signal: AbortSignal.abort('before') })),
      );
      await expect(pipeline(late).execute(({ signal }) => signal.reason)).resolves.toBe('before');
    });

    it('hears the caller through the guest', async () => {
      const controller = new AbortController();
      const { policy } = passing();
      let reason: unknown;
      const answer = pipeline(policy).execute(
        ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              reason = signal.reason;
              resolve('stopped');
            });
          }),
        { signal: controller.signal },
      );
      controller.abort('caller');
      await expect(answer).resolves.toBe('stopped');
      expect(reason).toBe('caller');
    });

    it('knows refusals of its pipeline through the guest', async () => {
      const judge = new Judge();
      await pipeline(judge, passing().policy, new Refuser())
        .execute(() => 1)
        .catch(() => {});
      expect(judge.own).toBe(true);
    });

    it('counts operations that run on within it for the whole call', async () => {
      const clock = new VirtualClock();
      let outer!: Call;
      class Outer extends Layer {
        readonly name = 'outer';
        run(call: Call, next: Next): Promise<unknown> {
          outer = call;
          return next(call);
        }
      }
      let end!: (value: unknown) => void;
      const answer = pipeline(new Outer(clock), passing().policy, timeout({ timeoutMs: 10, clock }))
        .execute(() => new Promise((resolve) => (end = resolve)))
        .catch((error: unknown) => error);
      await clock.advance(10);
      expect(await answer).toBeInstanceOf(TimeoutError);
      expect(outer.runningOn).toBe(1);
      end('late');
      await settle();
      expect(outer.runningOn).toBe(0);
    });
  });
});
