import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type Clock,
  type Measured,
  type Recorder,
  type StallMonitor,
  systemStalls,
  type Timer,
} from '@breakwater/resilience';
import { telemetryMetrics as METRICS } from '../metrics.js';

/** How often the loop's timer is looked at: the histogram counts this in, though it is no lag. */
const RESOLUTION_MS = 10;
const WINDOW_MS = 10_000;
/** The monitor of stalls sleeps when nobody asks for five seconds; a long interval must not hide a stall. */
const WATCH_EVERY_MS = 1_000;

export interface LoopLag {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How late the event loop runs its timers, over windows of ten seconds: over the whole life it would hide the present. */
export class EventLoop implements Measured {
  readonly #clock: Clock;
  readonly #stalls: StallMonitor;
  readonly #histogram: IntervalHistogram;
  #watching: Timer | undefined;
  #windowBeganMs: number;
  #last: LoopLag | undefined;

  constructor(clock: Clock, stalls: StallMonitor = systemStalls) {
    this.#clock = clock;
    this.#stalls = stalls;
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
    this.#windowBeganMs = clock.now();
    this.#watch();
  }

  #watch(): void {
    this.#stalls.watch();
    this.#watching = this.#clock.after(WATCH_EVERY_MS, () => this.#watch());
    this.#watching.unref?.();
  }

  /** Of the last full window, or of the present one while there is no full one. */
  lag(): LoopLag {
    const current = { p50Ms: this.#percentile(50), p99Ms: this.#percentile(99) };
    if (this.#clock.now() - this.#windowBeganMs >= WINDOW_MS) {
      this.#last = current;
      this.#histogram.reset();
      this.#windowBeganMs = this.#clock.now();
    }
    return this.#last ?? current;
  }

  #percentile(percent: number): number {
    return Math.max(0, this.#histogram.percentile(percent) / 1e6 - RESOLUTION_MS);
  }

  close(): void {
    this.#histogram.disable();
    this.#watching?.[Symbol.dispose]();
  }

  measure(record: Recorder): void {
    const { p50Ms, p99Ms } = this.lag();
    record(METRICS.loopLag, { quantile: '0.5' }, p50Ms / 1_000);
    record(METRICS.loopLag, { quantile: '0.99' }, p99Ms / 1_000);
    record(METRICS.stalled, {}, this.#stalls.totalMs / 1_000);
  }
}
