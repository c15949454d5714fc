import { Call } from '../core/call.js';
import { RejectedError } from '../core/errors.js';
import { isOwnRejection } from '../core/judge.js';
import type { Next } from '../core/layer.js';

/** A caller who waits for the shared result. */
interface Sharer {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  listening: Disposable | undefined;
}

const NOTHING = () => {};

/** One execution on behalf of several callers. */
export class SharedRun {
  readonly #call: Call;
  readonly #sharers = new Set<Sharer>();
  readonly #abandoned: () => void;
  #running: Promise<unknown> | undefined;

  /** `abandoned` is called when every caller has left: nobody may join any more. */
  constructor(first: Call, abandoned: () => void) {
    const { signal: _, deadline: __, ...options } = first.options;
    this.#call = new Call(first.operation, options, Number.POSITIVE_INFINITY, first.attempt);
    this.#abandoned = abandoned;
  }

  /** `settled` is called before any caller hears of the result. */
  begin(next: Next, settled: () => void): void {
    this.#running = next(this.#call);
    this.#running.then(
      (value) => {
        settled();
        this.#settle((sharer) => sharer.resolve(value));
      },
      (error: unknown) => {
        settled();
        this.#settle((sharer) => sharer.reject(this.#errorFor(sharer.call, error)));
      },
    );
  }

  join(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sharer: Sharer = { call, resolve, reject, listening: undefined };
      this.#sharers.add(sharer);
      if (call.abortable) sharer.listening = call.onAbort(() => this.#leave(sharer));
    });
  }

  #leave(sharer: Sharer): void {
    this.#sharers.delete(sharer);
    if (this.#sharers.size === 0) {
      this.#abandoned();
      // The permits of the last caller stay taken while what was run for it still runs.
      sharer.call.runOn(this.#quiet(), NOTHING);
      this.#call.abort(sharer.call.reason);
    }
    sharer.reject(sharer.call.reason);
  }

  #settle(answer: (sharer: Sharer) => void): void {
    const [first] = this.#sharers;
    // Answered by a timeout inside: somebody's permits have to stay taken.
    if (first !== undefined && this.#call.runningOn > 0) first.call.runOn(this.#quiet(), NOTHING);
    for (const sharer of this.#sharers) {
      sharer.listening?.[Symbol.dispose]();
      answer(sharer);
    }
    this.#sharers.clear();
  }

  /** Settles when the run has, and nothing of it runs on. */
  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      const settled = () => this.#call.whenQuiet(resolve);
      this.#running!.then(settled, settled);
    });
  }

  /** A refusal within the shared run is, to each caller, one of its own pipeline. */
  #errorFor(call: Call, error: unknown): unknown {
    if (!isOwnRejection(this.#call, error)) return error;
    const { policy, reason, retryAfterMs, cause } = error;
    return RejectedError.of(policy, reason, { ...(retryAfterMs !== undefined && { retryAfterMs }), cause }, call.id);
  }
}
