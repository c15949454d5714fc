import { Call } from '../core/call.js';
import { invoke } from '../core/layer.js';
import type { Batch, Carrier, Seat } from './batch.js';
import { Bisection, type Part } from './bisection.js';
import type { Ledger } from './ledger.js';
import type { CallResult } from './metrics.js';
import type { BatchItemOutcome, BatchOutcome, BatchPoolSettings } from './options.js';

const ACCEPTED: BatchItemOutcome<never> = { value: undefined as never };

/** One worker's work: a batch, from its first call of `process` until each of its items has an outcome. */
export class Flight<T, R> implements Carrier<R> {
  readonly batch: Batch<T, R>;
  readonly #settings: BatchPoolSettings<T, R>;
  readonly #ledger: Ledger;
  readonly #landed: (flight: Flight<T, R>) => void;
  readonly #deadline: number;
  readonly #bisection: Bisection;
  /** Undefined until the first part is tried. */
  #call: Call | undefined;
  #isolated = true;

  /** Its deadline is the latest of the items' own, but no later than `deadline`. */
  constructor(
    batch: Batch<T, R>,
    settings: BatchPoolSettings<T, R>,
    deadline: number,
    ledger: Ledger,
    landed: (flight: Flight<T, R>) => void,
  ) {
    this.batch = batch;
    this.#settings = settings;
    this.#ledger = ledger;
    this.#landed = landed;
    this.#deadline = Math.min(batch.deadline, deadline);
    this.#bisection = new Bisection(batch.items.length, settings.maxProcessCalls);
    batch.carrier = this;
  }

  /** Takes up the next part. When none is left, or every caller has left, it lands. */
  proceed(): void {
    const part = this.batch.unanswered > 0 ? this.#bisection.next() : undefined;
    if (part !== undefined) {
      this.#try(part);
      return;
    }
    if (this.#bisection.calls > 1) this.#ledger.bisected(this.batch.items.length, this.#isolated);
    this.#landed(this);
  }

  /** The caller of one item leaves. When the last one has left, nobody wants the batch any more. */
  leave(seat: Seat<R>, error: unknown): void {
    this.#abandon(this.batch.positionOf(seat), error);
    if (this.batch.unanswered === 0) this.#call?.abort(error);
  }

  /** Answers every caller that still waits, and aborts what runs. */
  stop(error: unknown): void {
    for (const index of this.batch.items.keys()) if (!this.batch.isAnswered(index)) this.#abandon(index, error);
    this.#call?.abort(error);
  }

  #abandon(index: number, error: unknown): void {
    this.batch.answer(index, { error });
    this.#ledger.abandoned(this.batch.epoch);
  }

  #try(part: Part): void {
    const { process, clock } = this.#settings;
    const items = this.batch.items.slice(part.from, part.to);
    const call = new Call((context) => process(items, context), {}, this.#deadline, this.#bisection.calls);
    this.#call = call;
    const startedMs = clock.now();
    invoke(call).then(
      (outcome) => this.#settled(part, startedMs, outcome as BatchOutcome<R>),
      (error: unknown) => this.#threw(part, startedMs, error),
    );
  }

  #settled(part: Part, startedMs: number, outcome: BatchOutcome<R>): void {
    const items = part.to - part.from;
    if (outcome === undefined) {
      this.#called('succeeded', startedMs);
      this.#accept(part);
    } else if (Array.isArray(outcome) && outcome.length === items) {
      this.#called('succeeded', startedMs);
      for (let at = 0; at < items; at++) this.#answer(part.from + at, this.#read(outcome[at]));
    } else {
      this.#called('failed', startedMs);
      this.#fail(part, new TypeError(`${this.#settings.name}: ${misfit(items, outcome)}`));
    }
    this.proceed();
  }

  #threw(part: Part, startedMs: number, thrown: unknown): void {
    const { poison, error } = this.#judge(thrown);
    this.#called(poison ? 'poisoned' : 'failed', startedMs);
    if (!poison || !this.#bisection.split(part)) {
      if (poison && part.to - part.from > 1) this.#isolated = false;
      this.#fail(part, error);
    }
    this.proceed();
  }

  #judge(error: unknown): { poison: boolean; error: unknown } {
    try {
      return { poison: this.#settings.isPoison?.(error) === true, error };
    } catch (thrown) {
      const message = `${this.#settings.name}: isPoison threw when asked about a failed batch`;
      return { poison: false, error: new AggregateError([error, thrown], message) };
    }
  }

  #accept(part: Part): void {
    const whole = part.to - part.from === this.batch.items.length;
    if (whole && this.batch.accept()) this.#ledger.succeeded(this.batch.epoch, this.batch.items.length);
    else for (let index = part.from; index < part.to; index++) this.#answer(index, ACCEPTED);
  }

  #fail(part: Part, error: unknown): void {
    for (let index = part.from; index < part.to; index++) this.#answer(index, { error });
  }

  /** The first answer counts: the caller may have left meanwhile. */
  #answer(index: number, outcome: BatchItemOutcome<R>): void {
    if (this.batch.isAnswered(index)) return;
    this.batch.answer(index, outcome);
    if ('error' in outcome) this.#ledger.failed(this.batch.epoch, outcome.error);
    else this.#ledger.succeeded(this.batch.epoch, 1);
  }

  #read(outcome: unknown): BatchItemOutcome<R> {
    if (typeof outcome === 'object' && outcome !== null && ('error' in outcome || 'value' in outcome)) {
      return outcome as BatchItemOutcome<R>;
    }
    const message = `${this.#settings.name}: process answered neither a value nor an error for an item`;
    return { error: new TypeError(message) };
  }

  #called(result: CallResult, startedMs: number): void {
    this.#ledger.called(result, this.#settings.clock.now() - startedMs);
  }
}

function misfit(items: number, outcome: unknown): string {
  return Array.isArray(outcome)
    ? `process answered ${outcome.length} outcomes for ${items} items`
    : 'process must answer an outcome for each item, or nothing';
}
