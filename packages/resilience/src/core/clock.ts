/** A started timer. Disposing it cancels it. */
export interface Timer extends Disposable {
  /** Keeps the process alive while the timer runs (the default). */
  ref?(): void;
  /** Lets the process end while the timer runs. */
  unref?(): void;
}

/** Time, injected everywhere, so that tests run in virtual time. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Runs `run` once, `ms` from now. */
  after(ms: number, run: () => void): Timer;
}

/** Numbers in [0, 1), injected so that jitter can be tested. */
export type Random = () => number;

// setTimeout turns anything longer into 1 ms.
const LONGEST_TIMEOUT_MS = 2_147_483_647;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(ms: number, run: () => void) {
    this.#handle = this.#arm(ms, run);
  }

  #arm(ms: number, run: () => void): NodeJS.Timeout {
    if (ms <= LONGEST_TIMEOUT_MS) return setTimeout(run, Math.max(0, ms));
    return setTimeout(() => {
      this.#handle = this.#arm(ms - LONGEST_TIMEOUT_MS, run);
    }, LONGEST_TIMEOUT_MS);
  }

  ref(): void {
    this.#handle.ref();
  }

  unref(): void {
    this.#handle.unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#handle);
  }
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, run) => new SystemTimer(ms, run),
};
