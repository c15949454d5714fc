import type { Context } from '../core/types.js';
import { settle } from '../testing/virtual-clock.js';
import type { BatchOutcome } from './options.js';

/** A call of `process` that the test ends as it likes. */
export interface ProcessCall<T, R> {
  readonly items: readonly T[];
  readonly context: Context;
  succeed(outcome?: BatchOutcome<R>): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** The other side of a batch pool under test: records every call, and answers when told to. */
export class Processor<T, R = void> {
  /** Every call so far, and those that still run. */
  readonly calls: Array<ProcessCall<T, R>> = [];
  readonly running: Array<ProcessCall<T, R>> = [];
  most = 0;

  readonly process = (items: readonly T[], context: Context): Promise<BatchOutcome<R>> =>
    new Promise((resolve, reject) => {
      const end = (settleCall: () => void) => {
        this.running.splice(this.running.indexOf(call), 1);
        settleCall();
        return settle();
      };
      const call: ProcessCall<T, R> = {
        items,
        context,
        succeed: (outcome) => end(() => resolve(outcome)),
        fail: (error) => end(() => reject(error)),
      };
      this.calls.push(call);
      this.running.push(call);
      this.most = Math.max(this.most, this.running.length);
    });

  /** The items of every call so far. */
  get seen(): ReadonlyArray<readonly T[]> {
    return this.calls.map((call) => call.items);
  }
}

/** What has become of a promise by now: `pending`, `value …`, or what the error says of itself. */
export function fateOf(promise: Promise<unknown>): () => string {
  let fate = 'pending';
  promise.then(
    (value) => {
      fate = `value ${String(value)}`;
    },
    (error: unknown) => {
      fate = describeError(error);
    },
  );
  return () => fate;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `error ${String(error)}`;
  if ('reason' in error) return `rejected ${String(error.reason)}`;
  return error.name === 'Error' ? `error ${error.message}` : error.name;
}
