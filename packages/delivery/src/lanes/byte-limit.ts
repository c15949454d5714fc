const GROWS_AFTER_MS = 3_600_000;
// Smaller requests would cost more than the answers that they spare.
const LEAST_BYTES = 4_096;

/** How large a request may be: less once the backend found that too large, and an hour later twice as much again. */
export class ByteLimit {
  readonly #most: number;
  #bytes: number;
  #changedMs = 0;

  constructor(bytes: number) {
    this.#most = bytes;
    this.#bytes = bytes;
  }

  bytes(nowMs: number): number {
    while (this.#bytes < this.#most && nowMs - this.#changedMs >= GROWS_AFTER_MS) {
      this.#bytes = Math.min(this.#most, this.#bytes * 2);
      this.#changedMs += GROWS_AFTER_MS;
    }
    return this.#bytes;
  }

  /** Returns the limit from now on; undefined: it was no larger already. */
  tooLarge(bytes: number, nowMs: number): number | undefined {
    const half = Math.max(LEAST_BYTES, Math.floor(bytes / 2));
    if (half >= this.bytes(nowMs)) return undefined;
    this.#bytes = half;
    this.#changedMs = nowMs;
    return half;
  }
}
