/** How a call is aborted, and who hears of it. Made when somebody first asks: most calls are never aborted. */
export class Cancellation {
  aborted = false;
  reason: unknown;
  #controller: AbortController | undefined;
  #listeners: Set<() => void> | undefined;
  #unlink: Disposable | undefined;

  /** An AbortSignal of its own, for operations that read one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  get linked(): boolean {
    return this.#unlink !== undefined;
  }

  /** Remembers what ends the listening above, once it listens. */
  link(unlink: Disposable): void {
    this.#unlink = unlink;
  }

  unlink(): void {
    this.#unlink?.[Symbol.dispose]();
    this.#unlink = undefined;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.unlink();
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }

  /** Runs `listener` once, when it is aborted. */
  listen(listener: () => void): Disposable {
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }
}
