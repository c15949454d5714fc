import { dirname, join } from 'node:path';
import { type Clock, Histogram, type Recorder, systemClock } from '@breakwater/resilience';
import type { FrameSummary, Gap, NewFrame } from '../frames/frame.js';
import { disk, type Storage } from '../storage/storage.js';
import { type Append, CommitQueue } from './commit-queue.js';
import {
  AppendError,
  type FrameLog,
  type LogClosure,
  type ReadLimits,
  type ReadResult,
  type SegmentInfo,
} from './frame-log.js';
import { LogReader } from './log-reader.js';
import { MetaCodec } from './meta-codec.js';
import { COMMIT_FAILURES, type CommitFailure, LOG_METRICS } from './metrics.js';
import { type Recovered, recover } from './recovery.js';
import type { Segment } from './segment.js';
import { segmentName } from './segment-codec.js';
import { prepareFrame, SegmentWriter } from './segment-writer.js';

/** After a failure the disk is tried again at most this often, in milliseconds. */
const RETRY_MS = 1_000;

export interface LogOptions {
  /** The folder of the segments; made where it is missing. */
  readonly directory: string;
  /** A segment that is larger is ended before the next commit. */
  readonly segmentBytes: number;
  /** The metrics' label. */
  readonly slot: string;
  readonly storage?: Storage;
  readonly clock?: Clock;
  /** What checkpoints know: numbers do not go back before these when the log's end was destroyed. */
  readonly minNextSeq?: number;
  /** Told of every sound frame that is in the folder at opening, in their order. */
  readonly onFrame?: (frame: FrameSummary) => void;
  /** Told of frames as they become durable, before their appends resolve. */
  readonly onCommit?: (frames: readonly FrameSummary[]) => void;
}

/**
 * Opens the log of a folder that no other process uses, or begins one.
 * @throws LogError for a folder of another format, and for a segment that the disk cannot read, which is not taken for
 * damage: it may pass. The file system's error where it cannot be written.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { directory, storage = disk, clock = systemClock, minNextSeq = 1 } = options;
  await storage.makeDirectory(directory);
  await storage.syncDirectory(dirname(directory));
  const onFrame = options.onFrame ?? (() => {});
  const recovered = await recover({ storage, directory, nowMs: clock.wall(), minNextSeq, onFrame });
  return new Log({ ...options, storage, clock }, recovered);
}

/** The log of one folder: see FrameLog. */
export class Log implements FrameLog {
  readonly directory: string;
  /** What was found damaged at opening. */
  readonly gaps: readonly Gap[];
  /** Bytes behind the last sound frame that were cut off at opening. */
  readonly cutBytes: number;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #slot: string;
  readonly #onCommit: (frames: readonly FrameSummary[]) => void;
  readonly #segments: Segment[];
  readonly #writer: SegmentWriter;
  readonly #reader: LogReader;
  readonly #metas = new MetaCodec();
  readonly #queue = new CommitQueue();
  /** What changes files happens one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #isScheduled = false;
  #closure: LogClosure | undefined;
  #retryAtMs = 0;
  #commits = 0;
  readonly #commitSeconds = new Histogram(LOG_METRICS.commitDuration.buckets);
  readonly #failures: Record<CommitFailure, number> = { 'disk-full': 0, 'disk-failed': 0 };

  /** @internal */
  constructor(options: LogOptions & { storage: Storage; clock: Clock }, recovered: Recovered) {
    this.directory = options.directory;
    this.gaps = recovered.gaps;
    this.cutBytes = recovered.cutBytes;
    this.#storage = options.storage;
    this.#clock = options.clock;
    this.#slot = options.slot;
    this.#onCommit = options.onCommit ?? (() => {});
    this.#segments = recovered.segments;
    this.#writer = new SegmentWriter({ ...options, ...recovered });
    this.#reader = new LogReader({ ...options, segments: this.#segments });
  }

  get nextSeq(): number {
    return this.#writer.nextSeq;
  }

  get totalPoints(): number {
    return this.#writer.totalPoints;
  }

  get closure(): LogClosure | undefined {
    return this.#closure;
  }

  get bytes(): number {
    let sum = 0;
    for (const segment of this.#segments) sum += segment.bytes;
    return sum;
  }

  async append(frames: readonly NewFrame[]): Promise<void> {
    const isBetweenAttempts = this.#closure !== undefined && this.#clock.now() < this.#retryAtMs;
    if (this.#closure === 'closed' || isBetweenAttempts) throw refusal(this.#closure!, this.directory);
    if (frames.length === 0) return;
    const acceptedAtMs = this.#clock.wall();
    const done = this.#queue.add(frames.map((frame) => prepareFrame(frame, acceptedAtMs, this.#metas)));
    this.#schedule();
    await done;
  }

  segments(): readonly SegmentInfo[] {
    const { active } = this.#writer;
    return this.#segments.map((segment) => segment.info(segment === active));
  }

  async read(fromSeq: number, limits: ReadLimits): Promise<ReadResult> {
    return this.#reader.read(fromSeq, this.nextSeq - 1, limits);
  }

  acceptedAtMs(seq: number): number {
    const segment = this.#segments.findLast(({ id, isEmpty }) => id <= seq && !isEmpty) ?? this.#segments[0];
    return segment?.index.acceptedAtMs(seq) ?? this.#clock.wall();
  }

  async remove(id: number, lastSeq = Number.POSITIVE_INFINITY): Promise<boolean> {
    const segment = await this.#exclusively(() => this.#takeOut(id, lastSeq));
    if (segment === undefined) return !this.#segments.some((each) => each.id === id);
    try {
      await this.#storage.remove(join(this.directory, segmentName(id)));
    } catch (error) {
      const at = this.#segments.findIndex((each) => each.id > id);
      this.#segments.splice(at === -1 ? this.#segments.length : at, 0, segment);
      throw error;
    }
    await this.#reader.forget(id);
    await this.#storage.syncDirectory(this.directory);
    return true;
  }

  /** Ends the segment and strikes it off the list. */
  async #takeOut(id: number, lastSeq: number): Promise<Segment | undefined> {
    const segment = this.#segments.find((each) => each.id === id);
    if (segment === undefined || segment.lastSeq > lastSeq || (segment.isEmpty && segment === this.#segments.at(-1)))
      return undefined;
    if (segment === this.#segments.at(-1)) {
      await this.#writer.begin().catch(async (error: unknown) => {
        // There is no room for the next one before this one is gone. Whoever removes it knows the numbers: `minNextSeq`.
        if (!isFull(error)) throw error;
        await this.#writer.close();
      });
    }
    this.#writer.forget(segment);
    await this.#writer.cutBack();
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    return segment;
  }

  /** What was appended before is committed yet. */
  async close(): Promise<void> {
    this.#closure = 'closed';
    while (this.#isScheduled) await this.#turn;
    await this.#exclusively(async () => {
      await this.#writer.close();
      await this.#reader.close();
    });
  }

  measure(record: Recorder): void {
    const labels = { slot: this.#slot };
    record(LOG_METRICS.bytes, labels, this.bytes);
    record(LOG_METRICS.segments, labels, this.#segments.length);
    record(LOG_METRICS.commits, labels, this.#commits);
    record(LOG_METRICS.commitDuration, labels, this.#commitSeconds);
    for (const reason of COMMIT_FAILURES) {
      record(LOG_METRICS.commitFailures, { ...labels, reason }, this.#failures[reason]);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void this.#exclusively(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const appends = this.#queue.take();
    const startedAtMs = this.#clock.now();
    const frames = appends.flatMap((append) => append.frames);
    await this.#writer.write(frames).then(
      (summaries) => {
        this.#commitSeconds.observe((this.#clock.now() - startedAtMs) / 1_000);
        this.#committed(summaries, appends);
      },
      (error: unknown) => this.#failed(error, appends),
    );
    this.#isScheduled = false;
    if (this.#queue.length > 0) this.#schedule();
  }

  #committed(summaries: readonly FrameSummary[], appends: readonly Append[]): void {
    this.#commits++;
    if (this.#closure !== 'closed') this.#closure = undefined;
    this.#onCommit(summaries);
    for (const { resolve } of appends) resolve();
  }

  #failed(error: unknown, appends: readonly Append[]): void {
    const reason = isFull(error) ? 'disk-full' : 'disk-failed';
    this.#failures[reason]++;
    if (this.#closure !== 'closed') this.#closure = reason;
    this.#retryAtMs = this.#clock.now() + RETRY_MS;
    const refused = refusal(reason, this.directory, error);
    for (const { reject } of [...appends, ...this.#queue.takeAll()]) reject(refused);
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');

const WORDS: Record<LogClosure, string> = {
  'disk-full': 'the disk is full; it goes on when there is room again',
  'disk-failed': 'the disk failed; it is tried again',
  closed: 'the log is closed',
};

const refusal = (reason: LogClosure, directory: string, cause?: unknown): AppendError =>
  new AppendError(reason, `nothing was appended to ${directory}: ${WORDS[reason]}`, cause);
