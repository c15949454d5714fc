import type { RejectionReason } from '../core/errors.js';
import { observed, publish } from '../core/events.js';
import type { Labels, Recorder } from '../metrics/definition.js';
import { Histogram } from '../metrics/histogram.js';
import { Barriers } from './barriers.js';
import type { FlushCause } from './batch.js';
import { BATCH_METRICS, type CallResult, type ItemFate } from './metrics.js';

/** Why an item was refused: `process` never saw it. */
export type Refusal = Extract<RejectionReason, ItemFate>;

/** Counts what became of each item: added = all outcomes + pending, at every instant. */
export class Ledger {
  readonly #policy: string;
  readonly #barriers = new Barriers();
  readonly #items: Record<ItemFate, number> = {
    succeeded: 0,
    failed: 0,
    abandoned: 0,
    'queue-full': 0,
    deadline: 0,
    aborted: 0,
    shutdown: 0,
  };
  readonly #flushes: Record<FlushCause, number> = { count: 0, bytes: 0, age: 0, flush: 0, drain: 0 };
  readonly #sizes = new Histogram(BATCH_METRICS.size.buckets);
  readonly #calls: Record<CallResult, number> = { succeeded: 0, failed: 0, poisoned: 0 };
  readonly #seconds = new Histogram(BATCH_METRICS.duration.buckets);
  readonly #bisections = { no: 0, yes: 0 };
  #added = 0;
  #epoch = 0;
  #pending = 0;

  constructor(policy: string) {
    this.#policy = policy;
  }

  /** Items that were taken and have no outcome yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Counts up with each flush: items of one epoch were added between the same two. */
  get epoch(): number {
    return this.#epoch;
  }

  /** An item is taken. */
  take(): void {
    this.#added++;
    this.#pending++;
  }

  /** An item is not taken. */
  refuse(reason: Refusal): void {
    this.#added++;
    this.#refused(reason);
  }

  /** An item cannot be taken: its size is not known. */
  misfit(error: unknown): void {
    this.#added++;
    this.#failed(error);
  }

  succeeded(epoch: number, items: number): void {
    this.#items.succeeded += items;
    this.#passed(epoch, items);
  }

  failed(epoch: number, error: unknown): void {
    this.#failed(error);
    this.#passed(epoch, 1);
  }

  /** The caller was answered before `process` has settled: what becomes of the item is not known. */
  abandoned(epoch: number): void {
    this.#items.abandoned++;
    this.#passed(epoch, 1);
  }

  /** An item that was taken is refused after all, before `process` saw it. */
  turnedAway(epoch: number, reason: Refusal): void {
    this.#refused(reason);
    this.#passed(epoch, 1);
  }

  /** Ends the epoch. Resolves when each item taken so far has its outcome. */
  endEpoch(): Promise<void> {
    return this.#barriers.wait(this.#epoch++, this.#pending);
  }

  flushed(cause: FlushCause, items: number): void {
    this.#flushes[cause]++;
    this.#sizes.observe(items);
    if (observed()) publish({ type: 'batch.flushed', policy: this.#policy, cause, items });
  }

  called(result: CallResult, durationMs: number): void {
    this.#calls[result]++;
    this.#seconds.observe(durationMs / 1_000);
  }

  bisected(items: number, isolated: boolean): void {
    this.#bisections[isolated ? 'yes' : 'no']++;
    if (observed()) publish({ type: 'batch.bisected', policy: this.#policy, items, isolated });
  }

  measure(record: Recorder, labels: Labels): void {
    record(BATCH_METRICS.added, labels, this.#added);
    for (const [outcome, count] of Object.entries(this.#items))
      record(BATCH_METRICS.items, { ...labels, outcome }, count);
    for (const [cause, count] of Object.entries(this.#flushes))
      record(BATCH_METRICS.flushes, { ...labels, cause }, count);
    record(BATCH_METRICS.size, labels, this.#sizes);
    for (const [result, count] of Object.entries(this.#calls))
      record(BATCH_METRICS.calls, { ...labels, result }, count);
    record(BATCH_METRICS.duration, labels, this.#seconds);
    for (const [isolated, count] of Object.entries(this.#bisections)) {
      record(BATCH_METRICS.bisections, { ...labels, isolated }, count);
    }
  }

  #refused(reason: Refusal): void {
    this.#items[reason]++;
    if (observed()) publish({ type: 'rejected', policy: this.#policy, reason });
  }

  #failed(error: unknown): void {
    this.#items.failed++;
    if (observed()) publish({ type: 'batch.item_failed', policy: this.#policy, error });
  }

  #passed(epoch: number, items: number): void {
    this.#pending -= items;
    this.#barriers.pass(epoch, items);
  }
}
