/** The last TLS session of each server, so that the next handshake is short. Bounded: the oldest goes. */
export class TlsSessions {
  readonly #sessions = new Map<string, Buffer>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): Buffer | undefined {
    return this.#sessions.get(key);
  }

  set(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    if (this.#sessions.size === this.#maxEntries) this.#sessions.delete(this.#sessions.keys().next().value!);
    this.#sessions.set(key, session);
  }

  /** After a failed handshake: the server may have forgotten it, or worse. */
  delete(key: string): void {
    this.#sessions.delete(key);
  }
}
