import { numberOption } from '../config/option.js';
import type { Call } from '../core/call.js';
import type { Clock } from '../core/clock.js';
import { Layer, type Next } from '../core/layer.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { COALESCE_METRICS } from './metrics.js';
import { SharedRun } from './shared-run.js';

export interface CoalesceOptions {
  /** Default `coalesce`. */
  name?: string;
  /** So many keys may have an execution at once; calls of further keys share nothing. Default 10,000. */
  maxKeys?: number;
  clock?: Clock;
}

/**
 * Concurrent calls of one `options.key` share one execution and its result, the very same value. Nothing is kept: once it
 * has settled, the next call begins another. A call without a key shares nothing.
 *
 * The shared run executes the operation of the first caller, in its async context and with its priority, weight and
 * attempt. Its signal and deadline are nobody's in particular: a caller who aborts or whose deadline passes is answered
 * at once, and only when all have left the signal is aborted; the deadline is Infinity, as later callers may bring later
 * ones. So put what limits the run, a timeout for example, inside: `pipeline(coalesce(), timeout({ … }))`. An operation
 * that waits for a call of its own key waits for itself.
 */
export class Coalesce extends Layer implements Measured {
  readonly name: string;
  readonly #maxKeys: number;
  readonly #runs = new Map<string, SharedRun>();
  #begun = 0;
  #joined = 0;
  #withoutKey = 0;
  #tooMany = 0;
  #abandoned = 0;

  constructor(options: CoalesceOptions = {}) {
    super(options.clock);
    this.name = options.name ?? 'coalesce';
    this.#maxKeys = numberOption(this.name, 'maxKeys', options.maxKeys ?? 10_000, { min: 1, integer: true });
  }

  /** Executions that a new call could share. */
  get running(): number {
    return this.#runs.size;
  }

  run(call: Call, next: Next): Promise<unknown> {
    const { key } = call.options;
    if (key === undefined) {
      this.#withoutKey++;
      return next(call);
    }
    const shared = this.#runs.get(key);
    if (shared !== undefined) {
      this.#joined++;
      return shared.join(call);
    }
    if (this.#runs.size >= this.#maxKeys) {
      this.#tooMany++;
      return next(call);
    }
    return this.#begin(key, call, next);
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    record(COALESCE_METRICS.runs, labels, this.#begun);
    record(COALESCE_METRICS.joined, labels, this.#joined);
    record(COALESCE_METRICS.alone, { ...labels, reason: 'no-key' }, this.#withoutKey);
    record(COALESCE_METRICS.alone, { ...labels, reason: 'too-many-keys' }, this.#tooMany);
    record(COALESCE_METRICS.abandoned, labels, this.#abandoned);
    record(COALESCE_METRICS.running, labels, this.running);
  }

  #begin(key: string, call: Call, next: Next): Promise<unknown> {
    this.#begun++;
    let over = false;
    const forget = () => {
      // After a run was abandoned, the key may belong to another already.
      if (!over) this.#runs.delete(key);
      over = true;
    };
    const shared = new SharedRun(call, () => {
      this.#abandoned++;
      forget();
    });
    this.#runs.set(key, shared);
    shared.begin(next, forget);
    return shared.join(call);
  }
}

/** Lets concurrent calls of one key share one execution. */
export function coalesce(options?: CoalesceOptions): Coalesce {
  return new Coalesce(options);
}
