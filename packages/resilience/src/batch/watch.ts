import type { Clock, Timer } from '../core/clock.js';
import { TimeoutError } from '../core/errors.js';
import type { BatchItemOptions } from './options.js';

/** Waits for the caller of one item to leave: its signal is aborted, or its deadline passes. */
export class Watch implements Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer | undefined;
  readonly #left: (why: 'aborted' | 'deadline', error: unknown) => void;

  /** `left` gets what a caller is told whose item is in flight. */
  constructor(
    policy: string,
    clock: Clock,
    { signal, deadline = Number.POSITIVE_INFINITY }: BatchItemOptions,
    left: (why: 'aborted' | 'deadline', error: unknown) => void,
  ) {
    this.#left = left;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted);
    if (deadline === Number.POSITIVE_INFINITY) return;
    const budgetMs = deadline - clock.now();
    this.#timer = clock.after(budgetMs, () => left('deadline', TimeoutError.of(policy, budgetMs, false)));
  }

  readonly #aborted = (): void => this.#left('aborted', this.#signal!.reason);

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#timer?.[Symbol.dispose]();
  }
}
