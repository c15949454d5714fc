import { numberOption } from '../config/option.js';
import { Alarms } from '../core/alarms.js';
import type { Timer } from '../core/clock.js';
import { RejectedError, TimeoutError } from '../core/errors.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import type { Batch, FlushCause } from './batch.js';
import { BatchBuffer } from './buffer.js';
import { Flight } from './flight.js';
import { Ledger, type Refusal } from './ledger.js';
import { LinkedList } from './linked-list.js';
import { BATCH_METRICS } from './metrics.js';
import {
  type BatchItemOptions,
  type BatchPoolOptions,
  type BatchPoolSettings,
  readBatchPoolOptions,
} from './options.js';
import { Ticket } from './ticket.js';
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
  readonly #ledger: Ledger;
  readonly #alarms: Alarms;
  readonly #buffer: BatchBuffer<T, R>;
  readonly #waiting: LinkedList<Ticket<T, R>> = new LinkedList();
  readonly #flights = new Set<Flight<T, R>>();
  /** Items queued and in flight: those that take room. */
  #held = 0;
  /** Why items of epochs that have ended go without waiting for company. */
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
    const settled = this.#ledger.endEpoch();
    this.#release(0);
    return settled;
  }

  /**
   * Takes no more items (`shutdown`), processes those it has, and resolves when that is done, or after `deadlineMs`
   * milliseconds (Infinity: however long it takes). Items that no worker has taken by then are refused with `shutdown`;
   * those in flight are aborted and their callers get a TimeoutError. No item is left without an outcome.
   */
  drain({ deadlineMs }: { deadlineMs: number }): Promise<DrainResult> {
    if (deadlineMs !== NEVER) numberOption(this.name, 'deadlineMs of drain', deadlineMs, { min: 0 });
    this.#closed = true;
    this.#hurry = 'drain';
    const before = this.#cutOff;
    const timer = this.#cutIn(deadlineMs);
    return new Promise((resolve) => {
      this.#drains.push(() => {
        timer?.[Symbol.dispose]();
        resolve({ cutOff: this.#cutOff - before });
      });
      void this.flush();
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
    return this.#hasRoom || this.#waiting.length < maxWaiting ? undefined : 'queue-full';
  }

  get #hasRoom(): boolean {
    return this.#held < this.#settings.maxQueued;
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
    this.#ledger.take();
    const deadline = options?.deadline ?? NEVER;
    if (this.#hasRoom && options?.signal === undefined && deadline === NEVER) return this.#queue(item, size);
    const ticket = new Ticket<T, R>(item, size, this.#ledger.epoch, deadline);
    if (options !== undefined) this.#watch(ticket, options);
    if (this.#hasRoom) this.#admit(ticket);
    else this.#waiting.push(ticket);
    this.#pump();
    return ticket.promise;
  }

  #queue(item: T, size: number): Promise<R> {
    this.#held++;
    const outcome = this.#buffer.add(item, size, this.#ledger.epoch).outcome();
    this.#pump();
    return outcome;
  }

  #watch(ticket: Ticket<T, R>, options: BatchItemOptions): void {
    ticket.watch = new Watch(this.name, this.#settings.clock, options, (why, error) => {
      const carrier = ticket.batch?.carrier;
      if (carrier === undefined) this.#withdraw(ticket, why, error);
      else carrier.leave(ticket, error);
    });
  }

  /** The caller of an item that no worker has taken leaves. */
  #withdraw(ticket: Ticket<T, R>, why: 'aborted' | 'deadline', error: unknown): void {
    const queued = ticket.batch !== undefined;
    if (queued) this.#buffer.remove(ticket);
    else this.#waiting.remove(ticket);
    ticket.answer({ error: RejectedError.of(this.name, why, { cause: why === 'aborted' ? error : undefined }) });
    this.#ledger.turnedAway(ticket.epoch, why);
    this.#release(queued ? 1 : 0);
  }

  #admit(ticket: Ticket<T, R>): void {
    this.#held++;
    this.#buffer.sealBefore(ticket.epoch, this.#hurry);
    this.#buffer.add(ticket.item, ticket.size, ticket.epoch, ticket);
  }

  /** Gives the room of items that are gone to those who wait for it. */
  #release(items: number): void {
    this.#held -= items;
    while (this.#hasRoom && this.#waiting.length > 0) this.#admit(this.#waiting.shift()!);
    this.#buffer.sealBefore(this.#ledger.epoch, this.#hurry);
    this.#pump();
    if (this.#drains.length > 0) this.#endDrains();
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
    const flight = new Flight(batch, this.#settings, this.#deadline, this.#ledger, this.#landed);
    this.#flights.add(flight);
    this.#ledger.flushed(batch.cause!, batch.items.length);
    flight.proceed();
  }

  readonly #landed = (flight: Flight<T, R>): void => {
    this.#flights.delete(flight);
    this.#release(flight.batch.items.length);
  };

  #cutIn(deadlineMs: number): Timer | undefined {
    if (deadlineMs === NEVER) return undefined;
    const { clock } = this.#settings;
    this.#deadline = Math.min(this.#deadline, clock.now() + deadlineMs);
    return clock.after(deadlineMs, () => this.#cut(TimeoutError.of(this.name, deadlineMs, false)));
  }

  /** Answers every item now. */
  #cut(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#cutOff += this.#ledger.pending;
    this.#held -= this.#buffer.length;
    const refused = { error: RejectedError.of(this.name, 'shutdown', { cause: error }) };
    const batches = this.#buffer.clear();
    const tickets = this.#waiting.takeAll();
    for (const batch of batches) for (const index of batch.items.keys()) batch.answer(index, refused);
    for (const ticket of tickets) ticket.answer(refused);
    for (const flight of this.#flights) flight.stop(error);
    // Counted last, and so told last: who hears of one may make the callers of others leave.
    for (const { epoch, items } of batches) for (const _ of items) this.#ledger.turnedAway(epoch, 'shutdown');
    for (const { epoch } of tickets) this.#ledger.turnedAway(epoch, 'shutdown');
    this.#endDrains();
  }

  /**
   * While a pool drains, nothing waits unless every worker is busy. One that was cut off does not wait for workers whose
   * items have been answered.
   */
  #endDrains(): void {
    if (this.#flights.size > 0 && !this.#over) return;
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
