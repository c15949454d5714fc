interface Entry<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** A bounded map whose entries expire; when it is full, the one that was not asked for the longest goes. */
export class AddressCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.untilMs <= nowMs) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, ttlMs: number, nowMs: number): void {
    this.#entries.delete(key);
    if (ttlMs <= 0 || this.#maxEntries === 0) return;
    if (this.#entries.size === this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, { value, untilMs: nowMs + ttlMs });
  }

  clear(): void {
    this.#entries.clear();
  }
}
