const REMEMBERED = 16;
// The servers behind an address may have become one, or one of them was the other's replacement for a while.
const FORGOTTEN_AFTER_MS = 3_600_000;

/** Tells restarts from servers that answer in turn behind one address: a server never comes back to an earlier run. */
export class RunHistory {
  /** The last one seen is the last. */
  #runs: number[] = [];
  #cameBackMs: number | undefined;

  /** What is seen changes without a restart. */
  get alternates(): boolean {
    return this.#cameBackMs !== undefined;
  }

  /** Returns whether this one shows that runs alternate, and none did before. */
  see(run: number, nowMs: number): boolean {
    if (run !== this.#runs.at(-1)) return this.#change(run, nowMs);
    if (this.#cameBackMs !== undefined && nowMs - this.#cameBackMs >= FORGOTTEN_AFTER_MS) {
      this.#cameBackMs = undefined;
      this.#runs = [run];
    }
    return false;
  }

  #change(run: number, nowMs: number): boolean {
    const others = this.#runs.filter((other) => other !== run);
    const cameBack = others.length < this.#runs.length;
    const isNews = cameBack && !this.alternates;
    this.#runs = [...others, run].slice(-REMEMBERED);
    if (cameBack) this.#cameBackMs = nowMs;
    return isNews;
  }
}
