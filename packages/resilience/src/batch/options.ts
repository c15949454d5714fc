import { numberOption } from '../config/option.js';
import { type Clock, systemClock } from '../core/clock.js';
import { ConfigError } from '../core/errors.js';
import type { Context } from '../core/types.js';
import { callsForFourBadItems } from './bisection.js';

/** What became of one item of a batch. */
export type BatchItemOutcome<R> = { value: R } | { error: unknown };

/** One outcome for each item in the order of the items, or nothing: every item is accepted. */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return is Promise<void>
export type BatchOutcome<R> = ReadonlyArray<BatchItemOutcome<R>> | void;

/**
 * Processes a batch. Throwing fails each of its items.
 *
 * The context's `signal` is aborted when every caller of the batch has left, and when the pool is aborted or its drain's
 * deadline passes; its `deadline` is the latest of the items' own, or the drain's if that is earlier; its `attempt` is 1,
 * and counts the calls up while a poisoned batch is bisected.
 */
export type BatchProcess<T, R> = (
  items: readonly T[],
  context: Context,
) => BatchOutcome<R> | PromiseLike<BatchOutcome<R>>;

export interface BatchPoolOptions<T, R = void> {
  /** Default `batch`. */
  name?: string;
  process: BatchProcess<T, R>;
  /** Items in a batch at most. Default 5. */
  batchSize?: number;
  /** A batch goes when its first item is this old and a worker is free, in milliseconds. Default 1,000. */
  maxAgeMs?: number;
  /** Bytes in a batch at most, as `sizeOf` counts them; an item that is larger goes alone. Default: no such limit. */
  maxBytes?: number;
  sizeOf?: (item: T) => number;
  /** Batches in `process` at once, at most. Default 10. */
  workers?: number;
  /** Items queued and in flight together, at most. At least `batchSize`; default 10 × batchSize × workers. */
  maxQueued?: number;
  /** What `add` does when there is no room: wait for it, first come first served (the default), or reject with `queue-full`. */
  whenFull?: 'wait' | 'reject';
  /** Callers that wait for room, at most: more are rejected with `queue-full`. Default 10,000. */
  maxWaiting?: number;
  /**
   * Whether a failure of `process` is the fault of an item (a 400, a malformed point) and not of the other side (an outage,
   * which is the same for every half). A batch that failed so is bisected down to the bad items. Default: none is.
   */
  isPoison?: (error: unknown) => boolean;
  /**
   * Calls of `process` for one batch at most. k bad items among n take up to 1 + 2k⌈log₂ n⌉; parts that could not be
   * bisected any further fail whole. Default: what four bad items take.
   */
  maxProcessCalls?: number;
  clock?: Clock;
}

/** What a caller may say about one item. */
export interface BatchItemOptions {
  /** Aborting it removes an item that is not in flight yet; the caller of one in flight is answered at once. */
  signal?: AbortSignal;
  /** Monotonic milliseconds of the pool's clock: as if the signal were aborted then. */
  deadline?: number;
}

export interface BatchPoolSettings<T, R> {
  readonly name: string;
  readonly process: BatchProcess<T, R>;
  readonly batchSize: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly sizeOf: ((item: T) => number) | undefined;
  readonly workers: number;
  readonly maxQueued: number;
  /** 0: nobody waits for room. */
  readonly maxWaiting: number;
  readonly isPoison: ((error: unknown) => boolean) | undefined;
  readonly maxProcessCalls: number;
  readonly clock: Clock;
}

/**
 * The options with their defaults.
 * @throws ConfigError naming the option, its value and its range.
 */
export function readBatchPoolOptions<T, R>(options: BatchPoolOptions<T, R>): BatchPoolSettings<T, R> {
  const { name = 'batch', maxBytes, sizeOf, whenFull = 'wait' } = options;
  const count = (option: string, value: number, min: number) =>
    numberOption(name, option, value, { min, integer: true });
  if (typeof options.process !== 'function') throw new ConfigError(`${name}: process is no function`);
  if (whenFull !== 'wait' && whenFull !== 'reject') {
    throw new ConfigError(`${name}: whenFull is ${JSON.stringify(whenFull)}; it must be "wait" or "reject"`);
  }
  if ((maxBytes === undefined) !== (sizeOf === undefined)) {
    throw new ConfigError(`${name}: maxBytes and sizeOf go together; one of them is missing`);
  }
  const batchSize = count('batchSize', options.batchSize ?? 5, 1);
  const workers = count('workers', options.workers ?? 10, 1);
  const maxWaiting = count('maxWaiting', options.maxWaiting ?? 10_000, 0);
  return {
    name,
    process: options.process,
    batchSize,
    maxAgeMs: numberOption(name, 'maxAgeMs', options.maxAgeMs ?? 1_000, { min: 0 }),
    maxBytes: maxBytes === undefined ? Number.POSITIVE_INFINITY : numberOption(name, 'maxBytes', maxBytes, { min: 1 }),
    sizeOf,
    workers,
    maxQueued: count('maxQueued', options.maxQueued ?? 10 * batchSize * workers, batchSize),
    maxWaiting: whenFull === 'wait' ? maxWaiting : 0,
    isPoison: options.isPoison,
    maxProcessCalls: count('maxProcessCalls', options.maxProcessCalls ?? callsForFourBadItems(batchSize), 1),
    clock: options.clock ?? systemClock,
  };
}
