import {
  type BatchPool,
  batchPool,
  type Clock,
  type Context,
  type Measured,
  type Recorder,
  RejectedError,
  type Timeout,
  TimeoutError,
  timeout,
} from '@breakwater/resilience';
import { telemetryMetrics as METRICS } from '../metrics.js';
import { PROBE_KINDS, type ProbeKind } from '../probes/probe.js';
import type { Sink } from '../sinks/sink.js';
import { LOSS_REASONS, type LossReason } from './loss.js';
import { presentable } from './turn-error.js';

/** What one turn brought: complete lines of line protocol. */
export interface Sample {
  readonly probe: ProbeKind;
  readonly lines: readonly string[];
}

export interface SamplesOptions {
  sink: Sink;
  /** Samples in a batch, and batches on their way to the sink at once. */
  batchSize: number;
  workers: number;
  /** Lines that may wait for the sink: what comes on top is lost, and counted. Default 200,000. */
  maxPendingLines?: number;
  /** Told why lines were lost, for the log. */
  onLoss(reason: LossReason, lines: number, error: unknown): void;
  clock: Clock;
}

const MAX_AGE_MS = 1_000;
const MAX_PENDING_LINES = 200_000;
/** A sink that hangs must not hold a worker for ever; one that tries again has to have the time for it. */
const SINK_TIMEOUT_MS = 120_000;

/** Brings samples to the sink in batches, and accounts for every line: taken = written + lost + pending, at every instant. */
export class Samples implements Measured {
  readonly #pool: BatchPool<Sample, void>;
  readonly #options: SamplesOptions;
  readonly #timeout: Timeout;
  readonly #maxPendingLines: number;
  readonly #written = new Map<ProbeKind, number>(PROBE_KINDS.map((kind) => [kind, 0]));
  readonly #lost = new Map<LossReason, number>(LOSS_REASONS.map((reason) => [reason, 0]));
  #samplesWritten = 0;
  #samplesLost = 0;
  #takenLines = 0;
  #pendingLines = 0;
  #draining = false;
  #sinkError: string | undefined;

  constructor(options: SamplesOptions) {
    this.#options = options;
    this.#maxPendingLines = options.maxPendingLines ?? MAX_PENDING_LINES;
    const { batchSize, workers, clock } = options;
    this.#timeout = timeout({ name: 'sink', timeoutMs: SINK_TIMEOUT_MS, clock });
    this.#pool = batchPool<Sample, void>({
      name: 'samples',
      batchSize,
      workers,
      maxAgeMs: MAX_AGE_MS,
      maxQueued: Math.max(batchSize, this.#maxPendingLines),
      whenFull: 'reject',
      process: (samples, context) => this.#write(samples, context),
      clock,
    });
  }

  /** Lines handed over so far. */
  get taken(): number {
    return this.#takenLines;
  }

  get pending(): number {
    return this.#pendingLines;
  }

  /** What the sink said when it last took nothing; undefined while it takes what it is given. */
  get sinkError(): string | undefined {
    return this.#sinkError;
  }

  get written(): ReadonlyMap<ProbeKind, number> {
    return this.#written;
  }

  get lost(): ReadonlyMap<LossReason, number> {
    return this.#lost;
  }

  /** Resolves when it is known what became of the sample; never fails: what is lost is counted and reported. */
  async add(sample: Sample): Promise<void> {
    const lines = sample.lines.length;
    this.#takenLines += lines;
    if (this.#pendingLines + lines > this.#maxPendingLines) {
      this.#lose('queue-full', lines, new Error(`${this.#pendingLines} lines wait for the sink already`));
      return;
    }
    this.#pendingLines += lines;
    try {
      await this.#pool.add(sample);
      this.#pendingLines -= lines;
      this.#samplesWritten++;
      this.#written.set(sample.probe, this.#written.get(sample.probe)! + lines);
    } catch (error) {
      this.#pendingLines -= lines;
      this.#lose(this.#reasonOf(error), lines, error);
    }
  }

  /** Counts lines that could not even be made. */
  lose(reason: LossReason, lines: number, error: unknown): void {
    this.#takenLines += lines;
    this.#lose(reason, lines, error);
  }

  /** Takes nothing more, and writes what waits. What the sink has not taken within `timeoutMs` is lost. */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    await this.#pool.drain({ deadlineMs: timeoutMs });
  }

  async #write(samples: readonly Sample[], context: Context): Promise<void> {
    const lines = samples.flatMap((sample) => sample.lines);
    try {
      const write = (limited: Context) => this.#options.sink.write(lines, limited);
      await this.#timeout.execute(write, { signal: context.signal });
      this.#sinkError = undefined;
    } catch (error) {
      this.#sinkError = error instanceof Error ? presentable(error.message) : 'it failed';
      throw error;
    }
  }

  #lose(reason: LossReason, lines: number, error: unknown): void {
    this.#samplesLost++;
    this.#lost.set(reason, this.#lost.get(reason)! + lines);
    this.#options.onLoss(reason, lines, error);
  }

  #reasonOf(error: unknown): LossReason {
    if (error instanceof RejectedError && error.reason === 'queue-full') return 'queue-full';
    const cutOff = error instanceof RejectedError || (error instanceof TimeoutError && this.#draining);
    return cutOff ? 'shutdown' : 'sink';
  }

  measure(record: Recorder): void {
    record(METRICS.samples, { outcome: 'written' }, this.#samplesWritten);
    record(METRICS.samples, { outcome: 'lost' }, this.#samplesLost);
    for (const [probe, lines] of this.#written) record(METRICS.written, { probe }, lines);
    for (const [reason, lines] of this.#lost) record(METRICS.lost, { reason }, lines);
    record(METRICS.pending, {}, this.#pendingLines);
    this.#pool.measure(record);
    this.#timeout.measure(record);
  }
}
