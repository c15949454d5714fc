import { type Clock, Histogram, type Measured, type Recorder } from '@breakwater/resilience';
import { SINK_METRICS } from './metrics.js';
import { LOST_REASONS, type LostReason, REFUSED_REASONS, type RefusedReason } from './sink-error.js';

/** What became of every line that a sink was given: taken = written + refused + lost + pending, at every instant. */
export class LineAccount implements Measured {
  readonly #sink: string;
  readonly #clock: Clock;
  readonly #lost = new Map<LostReason, number>(LOST_REASONS.map((reason) => [reason, 0]));
  readonly #refused = new Map<RefusedReason, number>(REFUSED_REASONS.map((reason) => [reason, 0]));
  readonly #durations = new Histogram(SINK_METRICS.duration.buckets);
  #written = 0;
  #bytes = 0;
  #pending = 0;

  constructor(sink: string, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  take(lines: number): void {
    this.#pending += lines;
  }

  written(lines: number, bytes: number): void {
    this.#pending -= lines;
    this.#written += lines;
    this.#bytes += bytes;
  }

  refused(reason: RefusedReason, lines: number): void {
    this.#pending -= lines;
    this.#refused.set(reason, this.#refused.get(reason)! + lines);
  }

  lost(reason: LostReason, lines: number): void {
    this.#pending -= lines;
    this.#lost.set(reason, this.#lost.get(reason)! + lines);
  }

  /** Measures how long `commit` takes, whether it fails or not. */
  async timed<T>(commit: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.now();
    try {
      return await commit();
    } finally {
      this.#durations.observe((this.#clock.now() - startedMs) / 1000);
    }
  }

  measure(record: Recorder): void {
    const sink = this.#sink;
    record(SINK_METRICS.lines, { sink, outcome: 'written', reason: 'none' }, this.#written);
    for (const [reason, lines] of this.#refused)
      record(SINK_METRICS.lines, { sink, outcome: 'refused', reason }, lines);
    for (const [reason, lines] of this.#lost) record(SINK_METRICS.lines, { sink, outcome: 'lost', reason }, lines);
    record(SINK_METRICS.bytes, { sink }, this.#bytes);
    record(SINK_METRICS.pending, { sink }, this.#pending);
    record(SINK_METRICS.duration, { sink }, this.#durations);
  }
}
