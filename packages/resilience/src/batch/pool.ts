import { checkNumber } from '../config/options.js';
import { Alarms } from '../core/alarms.js';
import type { Timer } from '../core/clock.js';
import { RejectedError, TimeoutError } from '../core/errors.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { type Batch, BatchBuffer, type FlushCause } from './buffer.js';
import { Entry } from './entry.js';
import { Flight, type FlightEdge } from './flight.js';
import { Ledger, type Refusal } from './ledger.js';
import { LinkedList } from './linked-list.js';
import { BATCH_METRICS } from './metrics.js';
import {
  type BatchItemOptions,
  type BatchPoolOptions,
  type BatchPoolSettings,
  readBatchPoolOptions,
} from './options.js';
import { Watch } from './watch.js';

export interface DrainResult {
  /** Items that had no outcome when the time was up or the pool was aborted: refused or abandoned. */
  readonly cutOff: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Collects items into batches and has a bounded number of workers process them. Each item gets an outcome of its own,
 * exactly one. A batch goes when it is full, when its first item is `maxAgeMs` old, or by `flush`; while all workers are
 * busy the open batch goes on filling.
 *
 * Batches start in the order in which their items were added, and items stand in a batch in that order. So with one worker
 * `process` sees the items in order; with several, batches may overtake each other.
 */
export class BatchPool<T, R = void> implements Measured {
  readonly name: string;
  readonly #settings: BatchPoolSettings<T, R>;
  readonly #ledger: Ledger<T, R>;
  readonly #alarms: Alarms;
  readonly #buffer: BatchBuffer<T, R>;
  readonly #waiting: LinkedList<Entry<T, R>> = new LinkedList();
  readonly #flights = new Set<Flight<T, R>>();
  readonly #edge: FlightEdge<T, R>;
  /** Items queued and in flight: those that take room. */
  #held = 0;
  /** Items up to this order go without waiting for company. */
  #hurried = 0;
  #hurry: FlushCause = 'flush';
  #closed = false;
  #deadline = NEVER;
  #cutOff = 0;
  #over = false;
  #drains: Array<() => void> = [];

  /** @throws ConfigError when an option is missing or out of range. */
  constructor(options: BatchPoolOptions<T, R>) {
    const settings = readBatchPoolOptions(options);
    this.name = settings.name;
    this.#settings = settings;
    this.#ledger = new Ledger(settings.name);
    this.#alarms = new Alarms(settings.clock, settings.maxAgeMs);
    this.#buffer = new BatchBuffer(settings, {
      opened: (batch) => this.#alarms.set(batch),
      closed: (batch) => this.#alarms.cancel(batch),
      aged: () => this.#pump(),
    });
    this.#edge = {
      released: (items) => this.#release(items),
      landed: (flight) => this.#landed(flight),
    };
  }

  /** Items whose callers wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Items in batches that no worker has taken yet. */
  get queued(): number {
    return this.#buffer.length;
  }

  /** Items that workers are processing. */
  get inFlight(): number {
    return this.#held - this.#buffer.length;
  }

  /** Workers that process a batch. */
  get busy(): number {
    return this.#flights.size;
  }

  /**
   * Adds an item; the promise settles with the item's own outcome. Rejects with what `process` said or threw, and with a
   * RejectedError where `process` never saw the item: `queue-full`, `deadline`, `aborted`, `shutdown`. A caller who leaves
   * while the item is processed gets the signal's reason, or a TimeoutError for the deadline. Never throws.
   */
  add(item: T, options?: BatchItemOptions): Promise<R> {
    const refusal = this.#refusal(options, this.#settings.maxWaiting);
    if (refusal === undefined) return this.#enter(item, options);
    this.#ledger.refuse(refusal);
    return Promise.reject(RejectedError.of(this.name, refusal, { cause: options?.signal?.reason }));
  }

  /** As `add`, but undefined where that would wait for room or refuse. */
  tryAdd(item: T, options?: BatchItemOptions): Promise<R> | undefined {
    const refusal = this.#refusal(options, 0);
    if (refusal === undefined) return this.#enter(item, options);
    this.#ledger.refuse(refusal);
    return undefined;
  }

  /** Sends what was added so far without waiting for more. Resolves when each such item has its outcome, good or bad. */
  flush(): Promise<void> {
    this.#hurryUp('flush', this.#ledger.order);
    return this.#ledger.settled();
  }

  /**
   * Takes no more items (`shutdown`), processes those it has, and resolves when that is done, or after `deadlineMs`
   * milliseconds (Infinity: however long it takes). Items that no worker has taken by then are refused with `shutdown`;
   * those in flight are aborted and their callers get a TimeoutError. No item is left without an outcome.
   */
  drain({ deadlineMs }: { deadlineMs: number }): Promise<DrainResult> {
    if (deadlineMs !== NEVER) checkNumber(this.name, 'deadlineMs of drain', deadlineMs, { min: 0 });
    this.#closed = true;
    const before = this.#cutOff;
    const timer = this.#cutIn(deadlineMs);
    return new Promise((resolve) => {
      this.#drains.push(() => {
        timer?.[Symbol.dispose]();
        resolve({ cutOff: this.#cutOff - before });
      });
      this.#hurryUp('drain', NEVER);
    });
  }

  /**
   * Ends the pool now: items that no worker has taken are refused with `shutdown`, those in flight are aborted and their
   * callers get `reason`.
   */
  abort(reason: unknown = new DOMException(`${this.name} was aborted`, 'AbortError')): void {
    this.#closed = true;
    this.#cut(reason);
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    this.#ledger.measure(record, labels);
    record(BATCH_METRICS.waiting, labels, this.waiting);
    record(BATCH_METRICS.queued, labels, this.queued);
    record(BATCH_METRICS.inFlight, labels, this.inFlight);
    record(BATCH_METRICS.limit, labels, this.#settings.maxQueued);
    record(BATCH_METRICS.oldestAge, labels, this.#oldestAgeMs() / 1_000);
    record(BATCH_METRICS.busy, labels, this.busy);
    record(BATCH_METRICS.workers, labels, this.#settings.workers);
  }

  #oldestAgeMs(): number {
    const batch = this.#buffer.oldest;
    return batch === undefined ? 0 : this.#settings.clock.now() - (batch.dueMs - this.#settings.maxAgeMs);
  }

  #refusal(options: BatchItemOptions | undefined, maxWaiting: number): Refusal | undefined {
    if (this.#closed) return 'shutdown';
    if (options?.signal?.aborted === true) return 'aborted';
    if (options?.deadline !== undefined && options.deadline <= this.#settings.clock.now()) return 'deadline';
    return this.#held < this.#settings.maxQueued || this.#waiting.length < maxWaiting ? undefined : 'queue-full';
  }

  #enter(item: T, options: BatchItemOptions | undefined): Promise<R> {
    let size = 0;
    if (this.#settings.sizeOf !== undefined) {
      try {
        size = checkSize(this.name, this.#settings.sizeOf(item));
      } catch (error) {
        this.#ledger.misfit(error);
        return Promise.reject(error);
      }
    }
    const entry = new Entry<T, R>(item, this.#ledger.take(), size);
    if (options !== undefined) this.#watch(entry, options);
    if (this.#held < this.#settings.maxQueued) {
      this.#admit(entry);
      this.#pump();
    } else {
      this.#waiting.push(entry);
    }
    return entry.promise;
  }

  #watch(entry: Entry<T, R>, options: BatchItemOptions): void {
    entry.deadline = options.deadline ?? NEVER;
    entry.watch = new Watch(this.name, this.#settings.clock, options, (why, error) => {
      if (entry.flight === undefined) this.#withdraw(entry, why, error);
      else entry.flight.leave(entry, error);
    });
  }

  /** The caller of an item that no worker has taken leaves. */
  #withdraw(entry: Entry<T, R>, why: 'aborted' | 'deadline', error: unknown): void {
    const queued = entry.batch !== undefined;
    if (queued) this.#buffer.remove(entry);
    else this.#waiting.remove(entry);
    this.#ledger.turnAway(entry, why, why === 'aborted' ? error : undefined);
    this.#release(queued ? 1 : 0);
  }

  #admit(entry: Entry<T, R>): void {
    this.#held++;
    this.#buffer.add(entry);
  }

  /** Gives the room of items that are gone to those who wait for it. */
  #release(items: number): void {
    this.#held -= items;
    while (this.#held < this.#settings.maxQueued && this.#waiting.length > 0) this.#admit(this.#waiting.shift()!);
    this.#buffer.sealUpTo(this.#hurried, this.#hurry);
    this.#pump();
    if (this.#drains.length > 0) this.#endDrains();
  }

  #hurryUp(cause: FlushCause, order: number): void {
    if (order > this.#hurried) {
      this.#hurried = order;
      this.#hurry = cause;
    }
    this.#release(0);
  }

  /** Gives batches that are ready to workers that are free. */
  #pump(): void {
    while (this.#flights.size < this.#settings.workers) {
      const batch = this.#buffer.take();
      if (batch === undefined) return;
      this.#start(batch);
    }
  }

  #start(batch: Batch<T, R>): void {
    const entries = batch.entries.takeAll();
    const flight = new Flight(this.#settings, this.#ledger, this.#edge, entries, this.#deadline);
    this.#flights.add(flight);
    this.#ledger.flushed(batch.cause!, entries.length);
    flight.proceed();
  }

  #landed(flight: Flight<T, R>): void {
    this.#flights.delete(flight);
    this.#release(0);
  }

  #cutIn(deadlineMs: number): Timer | undefined {
    if (deadlineMs === NEVER) return undefined;
    const { clock } = this.#settings;
    this.#deadline = Math.min(this.#deadline, clock.now() + deadlineMs);
    return clock.after(deadlineMs, () => this.#cut(TimeoutError.of(this.name, deadlineMs, false)));
  }

  /** Answers every item now. */
  #cut(error: unknown): void {
    this.#over = true;
    this.#cutOff += this.#ledger.pending;
    this.#held -= this.#buffer.length;
    const untouched = [...this.#buffer.clear(), ...this.#waiting.takeAll()];
    for (const entry of untouched) this.#ledger.turnAway(entry, 'shutdown', error);
    for (const flight of this.#flights) flight.stop(error);
    this.#endDrains();
  }

  /** A pool that was cut off does not wait for workers whose items have been answered. */
  #endDrains(): void {
    if (this.#ledger.pending > 0 || (this.#flights.size > 0 && !this.#over)) return;
    const drains = this.#drains;
    this.#drains = [];
    for (const end of drains) end();
  }
}

function checkSize(policy: string, size: number): number {
  if (size >= 0 && size < NEVER) return size;
  throw new TypeError(`${policy}: sizeOf answered ${size}; it must be a number of bytes of 0 or more`);
}

/**
 * Collects items into batches for a bounded number of workers.
 * @throws ConfigError when an option is missing or out of range.
 */
export function batchPool<T, R = void>(options: BatchPoolOptions<T, R>): BatchPool<T, R> {
  return new BatchPool(options);
}
