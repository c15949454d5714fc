/** How far two clocks drift apart in a while, as a share of it: what was known of them is worth less with time. */
const DRIFT = 0.001;

/**
 * The store's clock, as far as it is known from its answers: its time less this machine's monotonic one lies between two
 * bounds. The quickest answers of late say most; an answer that contradicts them says that the clock was set.
 */
export class StoreClock {
  #leastMs = 0;
  #mostMs = 0;
  #atMs: number | undefined;

  /** The store answered at some moment in between that it was `storeMs`, in whole milliseconds. */
  answered(sentMs: number, storeMs: number, receivedMs: number): void {
    const [leastMs, mostMs] = [storeMs - receivedMs, storeMs + 1 - sentMs];
    const driftMs = this.#atMs === undefined ? Number.POSITIVE_INFINITY : (receivedMs - this.#atMs) * DRIFT;
    const least = Math.max(leastMs, this.#leastMs - driftMs);
    const most = Math.min(mostMs, this.#mostMs + driftMs);
    [this.#leastMs, this.#mostMs] = least <= most ? [least, most] : [leastMs, mostMs];
    this.#atMs = receivedMs;
  }

  /** The store's time at that moment, in whole milliseconds: not later than it was. */
  atLeast(ms: number): number {
    return Math.max(0, Math.floor(ms + this.#leastMs));
  }

  /** The moment of that time of the store: not later than it was. */
  momentOf(storeMs: number): number {
    return storeMs - this.#mostMs;
  }
}
