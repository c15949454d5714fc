import { type Clock, systemClock, type Timer } from './clock.js';

interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StallMonitorOptions {
  clock?: Clock;
  /** How often to look, in milliseconds. Default 25. */
  tickMs?: number;
  /** A tick later than this is a stall, in milliseconds. Default 100. */
  thresholdMs?: number;
}

const REMEMBERED = 64;
const IDLE_TICKS = 200;

/**
 * Remembers when the event loop stood still, so that a timeout of ours is not held against the other side. It ticks only
 * while somebody asks: after 200 ticks without a `watch()` it sleeps, and it never keeps the process alive.
 */
export class StallMonitor {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #thresholdMs: number;
  #stalls: Stall[] = [];
  #lastTickMs = 0;
  #idleTicks = 0;
  #timer: Timer | undefined;
  #totalMs = 0;

  constructor({ clock = systemClock, tickMs = 25, thresholdMs = 100 }: StallMonitorOptions = {}) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#thresholdMs = thresholdMs;
  }

  /** Keeps the monitor awake. Cheap enough for every call. */
  watch(): void {
    this.#idleTicks = 0;
    if (this.#timer !== undefined) return;
    this.#lastTickMs = this.#clock.now();
    this.#arm();
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#tickMs, () => {
      this.#timer = undefined;
      this.#tick();
      if (++this.#idleTicks < IDLE_TICKS) this.#arm();
    });
    this.#timer.unref?.();
  }

  #tick(): void {
    const now = this.#clock.now();
    const fromMs = this.#lastTickMs + this.#tickMs;
    if (now - fromMs > this.#thresholdMs) {
      this.#stalls.push({ fromMs, toMs: now });
      this.#totalMs += now - fromMs;
      if (this.#stalls.length > REMEMBERED) this.#stalls.shift();
    }
    this.#lastTickMs = now;
  }

  /** Milliseconds of the interval `fromMs` to now in which the loop stood still. */
  stalledSince(fromMs: number): number {
    if (this.#timer !== undefined) this.#lookNow();
    let sum = 0;
    for (let index = this.#stalls.length - 1; index >= 0; index--) {
      const stall = this.#stalls[index]!;
      if (stall.toMs <= fromMs) break;
      sum += stall.toMs - Math.max(stall.fromMs, fromMs);
    }
    return sum;
  }

  /** Milliseconds stalled since the monitor was made. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** A stall that has just ended: its late tick may not have run yet. */
  #lookNow(): void {
    if (this.#clock.now() - this.#lastTickMs - this.#tickMs > this.#thresholdMs) this.#tick();
  }
}

/** The one that policies use unless they are given another: there is one event loop. */
export const systemStalls: StallMonitor = new StallMonitor();
