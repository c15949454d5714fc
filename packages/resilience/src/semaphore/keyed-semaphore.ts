import { numberOption } from '../config/option.js';
import { ConfigError } from '../core/errors.js';
import type { Recorder } from '../metrics/definition.js';
import { type AcquireOptions, Gate, type GateOptions } from './gate.js';
import { KeyedPermitPool } from './keyed-permit-pool.js';
import { FixedLimit } from './limit.js';
import { SEMAPHORE_METRICS } from './metrics.js';

export interface KeyedSemaphoreOptions extends GateOptions {
  /** How many permits each key has. A whole number of at least 1. */
  permits: number;
  /** How many permits all keys have together. Default: no limit. */
  totalPermits?: number;
  /** How many calls may wait for one key; the next is refused with `queue-full`. Default 1000. */
  maxQueue?: number;
  /** How many calls may wait for all keys together. Default 10,000. */
  maxQueueTotal?: number;
}

/**
 * A semaphore for each `options.key`, and one limit for all together if you like. Within a key it behaves as `semaphore`.
 * Keys that wait for the limit for all take turns: the highest priority first, and among equals the key served longest
 * ago, so that a key with a thousand calls in line does not hold up a key with one. A key exists only while it is used or
 * waited for: idle keys cost nothing.
 */
export class KeyedSemaphore extends Gate {
  readonly #limit: FixedLimit;
  readonly #pool: KeyedPermitPool;

  constructor(options: KeyedSemaphoreOptions) {
    const name = options.name ?? 'keyed-semaphore';
    const count = (option: 'permits' | 'totalPermits' | 'maxQueue' | 'maxQueueTotal', value: number, min: number) =>
      numberOption(name, option, value, { min, integer: true, infinite: option !== 'permits' });
    const limit = new FixedLimit(count('permits', options.permits, 1));
    const total = new FixedLimit(count('totalPermits', options.totalPermits ?? Number.POSITIVE_INFINITY, 1));
    const maxQueue = count('maxQueue', options.maxQueue ?? 1000, 0);
    const maxQueueTotal = count('maxQueueTotal', options.maxQueueTotal ?? 10_000, 0);
    const pool = new KeyedPermitPool(limit, total, maxQueue, maxQueueTotal);
    super(name, options, pool);
    this.#limit = limit;
    this.#pool = pool;
  }

  /** How many permits each key has. */
  get permits(): number {
    return this.#limit.permits;
  }

  /** Keys that are used or waited for. */
  get keys(): number {
    return this.#pool.keys;
  }

  /** What is taken and waited for of one key. */
  usage(key: string): { inUse: number; queued: number } {
    return this.#pool.usage(key);
  }

  /** Sets how many permits each key has, as `semaphore.resize` does. */
  resize(permits: number): void {
    this.#limit.permits = numberOption(this.name, 'permits', permits, { min: 1, integer: true });
    this.#pool.limitChanged();
    this.limitChanged();
  }

  override measure(record: Recorder): void {
    const labels = { policy: this.name };
    record(SEMAPHORE_METRICS.permits, labels, this.permits);
    record(SEMAPHORE_METRICS.keys, labels, this.keys);
    super.measure(record);
  }

  protected override mistake(options: AcquireOptions): ConfigError | undefined {
    if (options.key !== undefined) return super.mistake(options);
    return new ConfigError(`${this.name}: key is not given; it must say whose permits the call takes`);
  }
}

/** Limits how many operations run at once for each key. */
export function keyedSemaphore(options: KeyedSemaphoreOptions): KeyedSemaphore {
  return new KeyedSemaphore(options);
}
