import { Call } from './call.js';
import { type Clock, systemClock } from './clock.js';
import { RejectedError, type RejectionDetails, type RejectionReason, TimeoutError } from './errors.js';
import type { Operation, Options, Policy } from './types.js';

/** Runs the rest of a pipeline for a call. Never throws: it returns a rejected promise. */
export type Next = (call: Call) => Promise<unknown>;

/** The innermost step: the operation itself. */
export const invoke: Next = (call) => {
  try {
    return Promise.resolve(call.operation(call));
  } catch (error) {
    return Promise.reject(error);
  }
};

/** A policy that a pipeline can run without a promise chain of its own: the template of every policy here. */
export abstract class Layer implements Policy {
  abstract readonly name: string;
  readonly clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** What the policy does around `next`. Like `next` it never throws. */
  abstract run(call: Call, next: Next): Promise<unknown>;

  execute<T>(operation: Operation<T>, options?: Options): Promise<T> {
    return start(this, invoke, operation, options) as Promise<T>;
  }

  protected rejection(call: Call, reason: RejectionReason, details?: RejectionDetails): RejectedError {
    return RejectedError.of(this.name, reason, details, call.id);
  }
}

/** Begins an execution: a call that is over before it starts is refused, and the caller's deadline is kept. */
function start(layer: Layer, next: Next, operation: Operation<unknown>, options?: Options): Promise<unknown> {
  const call = Call.root(operation, options);
  if (options === undefined || (options.signal === undefined && call.deadline === Number.POSITIVE_INFINITY)) {
    return layer.run(call, next);
  }
  if (call.aborted) {
    return Promise.reject(RejectedError.of(layer.name, 'aborted', { cause: call.reason }, call.id));
  }
  const budgetMs = call.deadline - layer.clock.now();
  if (budgetMs <= 0) return Promise.reject(RejectedError.of(layer.name, 'deadline', {}, call.id));
  return within(layer, next, call, budgetMs);
}

/** Answers the caller at its deadline; the operation's signal is aborted, and what runs on keeps its permits. */
function within(layer: Layer, next: Next, call: Call, budgetMs: number): Promise<unknown> {
  const running = layer.run(call, next);
  if (call.deadline === Number.POSITIVE_INFINITY) return running.finally(() => call.close());
  return new Promise((resolve, reject) => {
    const alarm = layer.clock.after(budgetMs, () => {
      const error = TimeoutError.of(layer.name, budgetMs, false);
      const { queued } = call;
      call.abort(error);
      // A queue that it still stands in refuses it: nothing ran that could have timed out.
      if (!queued) reject(error);
    });
    const settle = () => {
      alarm[Symbol.dispose]();
      call.close();
    };
    running.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
