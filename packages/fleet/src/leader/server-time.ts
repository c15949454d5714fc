/** The latest that a server's clock can show, from the last time that it told. */
export class ServerTime {
  #aheadMs: number | undefined;

  /** It showed `serverMs` at some moment after `sentMs` of our clock. */
  saw(serverMs: number, sentMs: number): void {
    this.#aheadMs = serverMs - sentMs;
  }

  /** What it can show at most at `ms` of our clock; 0 before it ever told. */
  latest(ms: number): number {
    return this.#aheadMs === undefined ? 0 : ms + this.#aheadMs;
  }
}
