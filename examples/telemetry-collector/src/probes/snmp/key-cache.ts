export interface KeyCacheLimits {
  readonly maxKeys: number;
  /** To count them takes its time, so that it is done only now and then. */
  readonly lookEvery: number;
}

/**
 * Bounds a record of keys that somebody else fills: net-snmp remembers one for every engine id that it was ever told, and
 * an agent can tell it a new one every time. To make a key again takes some milliseconds.
 */
export class KeyCache {
  readonly #keys: Record<string, unknown>;
  readonly #limits: KeyCacheLimits;
  #opened = 0;

  constructor(keys: Record<string, unknown>, limits: KeyCacheLimits = { maxKeys: 20_000, lookEvery: 1_000 }) {
    this.#keys = keys;
    this.#limits = limits;
  }

  /** A session was opened, which may have added keys. */
  opened(): void {
    if (++this.#opened % this.#limits.lookEvery !== 0) return;
    const names = Object.keys(this.#keys);
    if (names.length > this.#limits.maxKeys) for (const name of names) delete this.#keys[name];
  }
}
