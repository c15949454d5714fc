import type { Clock, Context, Timer } from '@breakwater/resilience';

/** How long a caller waits: until its signal is aborted or its deadline has passed, as one signal. */
export class Patience implements Disposable {
  readonly #clock: Clock;
  readonly #caller: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#end('aborted', this.#caller.reason);
  readonly #limit: Timer | undefined;
  /** Why it ended. */
  reason: 'aborted' | 'timeout' = 'aborted';
  /** Rejects when it ends. */
  readonly over: Promise<never>;

  constructor({ signal, deadline }: Context, clock: Clock) {
    this.#clock = clock;
    this.#caller = signal;
    this.over = new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
    this.over.catch(() => {});
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#limit = clock.after(deadline - clock.now(), () => this.#end('timeout', new Error('its time is up')));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves after `ms`; rejects when it ends before. */
  async wait(ms: number): Promise<void> {
    let timer: Timer | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = this.#clock.after(ms, resolve);
    });
    await Promise.race([waited, this.over]).finally(() => timer?.[Symbol.dispose]());
  }

  #end(reason: 'aborted' | 'timeout', cause: unknown): void {
    this.reason = reason;
    this.#controller.abort(cause);
  }

  [Symbol.dispose](): void {
    this.#caller.removeEventListener('abort', this.#onAbort);
    this.#limit?.[Symbol.dispose]();
  }
}
