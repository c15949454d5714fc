import { Call } from '../core/call.js';
import { invoke } from '../core/layer.js';
import { Bisection } from './bisection.js';
import type { Entry } from './entry.js';
import type { Ledger } from './ledger.js';
import type { CallResult } from './metrics.js';
import type { BatchOutcome, BatchPoolSettings, ItemOutcome } from './options.js';

/** What a flight tells its pool. */
export interface FlightEdge<T, R> {
  /** The worker has no more to do with so many items. */
  released(items: number): void;
  /** The worker is free. */
  landed(flight: Flight<T, R>): void;
}

/** One worker's work: a batch, from its first call of `process` until each of its items has an outcome. */
export class Flight<T, R> {
  readonly #settings: BatchPoolSettings<T, R>;
  readonly #ledger: Ledger<T, R>;
  readonly #edge: FlightEdge<T, R>;
  readonly #entries: ReadonlyArray<Entry<T, R>>;
  readonly #deadline: number;
  readonly #bisection: Bisection<Entry<T, R>>;
  #call: Call | undefined;
  #unanswered: number;
  #isolated = true;

  /** Its deadline is the latest of the items' own, but no later than `deadline`. */
  constructor(
    settings: BatchPoolSettings<T, R>,
    ledger: Ledger<T, R>,
    edge: FlightEdge<T, R>,
    entries: ReadonlyArray<Entry<T, R>>,
    deadline: number,
  ) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#edge = edge;
    this.#entries = entries;
    this.#unanswered = entries.length;
    this.#bisection = new Bisection(entries, settings.maxProcessCalls);
    let latest = Number.NEGATIVE_INFINITY;
    for (const entry of entries) {
      entry.batch = undefined;
      entry.flight = this;
      if (entry.deadline > latest) latest = entry.deadline;
    }
    this.#deadline = Math.min(latest, deadline);
  }

  /** Takes up the next part; when none is left, it lands. */
  proceed(): void {
    for (let part = this.#bisection.next(); part !== undefined; part = this.#bisection.next()) {
      const wanted = this.#unanswered === this.#entries.length ? part : part.filter((entry) => !entry.answered);
      if (wanted.length < part.length) this.#edge.released(part.length - wanted.length);
      if (wanted.length > 0) {
        this.#try(wanted);
        return;
      }
    }
    if (this.#bisection.calls > 1) this.#ledger.bisected(this.#entries.length, this.#isolated);
    this.#edge.landed(this);
  }

  /** The caller of one item leaves. When the last one has left, nobody wants the batch any more. */
  leave(entry: Entry<T, R>, error: unknown): void {
    this.#unanswered--;
    this.#ledger.abandon(entry, error);
    if (this.#unanswered === 0) this.#call!.abort(error);
  }

  /** Answers every caller that still waits, and aborts what runs. */
  stop(error: unknown): void {
    for (const entry of this.#entries) if (!entry.answered) this.leave(entry, error);
  }

  #try(part: ReadonlyArray<Entry<T, R>>): void {
    const items = part.map((entry) => entry.item);
    const call = new Call(
      (context) => this.#settings.process(items, context),
      {},
      this.#deadline,
      this.#bisection.calls,
    );
    this.#call = call;
    const startedMs = this.#settings.clock.now();
    invoke(call).then(
      (outcome) => this.#settled(part, startedMs, outcome as BatchOutcome<R>),
      (error: unknown) => this.#threw(part, startedMs, error),
    );
  }

  #settled(part: ReadonlyArray<Entry<T, R>>, startedMs: number, outcome: BatchOutcome<R>): void {
    if (outcome === undefined) {
      this.#called('succeeded', startedMs);
      for (const entry of part) this.#succeed(entry, undefined as R);
    } else if (Array.isArray(outcome) && outcome.length === part.length) {
      this.#called('succeeded', startedMs);
      for (const [index, entry] of part.entries()) this.#answer(entry, outcome[index]);
    } else {
      this.#called('failed', startedMs);
      this.#failAll(part, new TypeError(`${this.#settings.name}: ${misfit(part.length, outcome)}`));
    }
    this.#finish(part);
  }

  #threw(part: ReadonlyArray<Entry<T, R>>, startedMs: number, thrown: unknown): void {
    const { poison, error } = this.#judge(thrown);
    this.#called(poison ? 'poisoned' : 'failed', startedMs);
    if (poison && this.#bisection.split(part)) {
      this.proceed();
      return;
    }
    if (poison && part.length > 1) this.#isolated = false;
    this.#failAll(part, error);
    this.#finish(part);
  }

  #judge(error: unknown): { poison: boolean; error: unknown } {
    try {
      return { poison: this.#settings.isPoison?.(error) === true, error };
    } catch (thrown) {
      const message = `${this.#settings.name}: isPoison threw when asked about a failed batch`;
      return { poison: false, error: new AggregateError([error, thrown], message) };
    }
  }

  #answer(entry: Entry<T, R>, outcome: ItemOutcome<R>): void {
    if (isObject(outcome) && 'error' in outcome) this.#fail(entry, outcome.error);
    else if (isObject(outcome) && 'value' in outcome) this.#succeed(entry, outcome.value);
    else
      this.#fail(
        entry,
        new TypeError(`${this.#settings.name}: process answered neither a value nor an error for an item`),
      );
  }

  #succeed(entry: Entry<T, R>, value: R): void {
    if (entry.answered) return;
    this.#unanswered--;
    this.#ledger.succeed(entry, value);
  }

  #fail(entry: Entry<T, R>, error: unknown): void {
    if (entry.answered) return;
    this.#unanswered--;
    this.#ledger.fail(entry, error);
  }

  #failAll(part: ReadonlyArray<Entry<T, R>>, error: unknown): void {
    for (const entry of part) this.#fail(entry, error);
  }

  #called(result: CallResult, startedMs: number): void {
    this.#ledger.called(result, this.#settings.clock.now() - startedMs);
  }

  #finish(part: ReadonlyArray<Entry<T, R>>): void {
    this.#edge.released(part.length);
    this.proceed();
  }
}

const misfit = (items: number, outcome: unknown): string =>
  Array.isArray(outcome)
    ? `process answered ${outcome.length} outcomes for ${items} items`
    : 'process must answer an outcome for each item, or nothing';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
