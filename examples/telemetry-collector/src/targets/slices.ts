/** Cuts long work into slices, so that the event loop stays free between them. */
export class Slices {
  readonly #sliceMs: number;
  #endsMs: number;

  constructor(sliceMs = 5) {
    this.#sliceMs = sliceMs;
    this.#endsMs = performance.now() + sliceMs;
  }

  /** Whether the slice is used up: then `await rest()`. */
  get due(): boolean {
    return performance.now() >= this.#endsMs;
  }

  /** Lets timers and sockets go first. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#endsMs = performance.now() + this.#sliceMs;
  }
}
