import { type Clock, ConfigError, systemClock, type Timer } from '@breakwater/resilience';
import {
  currentTime,
  dateToProtocolTimestamp,
  type Point,
  type WriteApi,
  type WriteOptions,
  type WritePrecisionType,
} from '@influxdata/influxdb-client';
import { publish } from '../events/events.js';
import { Stamps } from '../gateway/stamps.js';
import { readTarget, type Target } from '../gateway/target.js';
import type { Intake } from '../intake/intake.js';
import { LineError, type Lines, type NormalizeOptions, normalizeLines } from '../lines/normalize.js';
import type { DurableWriteOptions } from './options.js';
import { Outbox } from './outbox.js';
import { RecordBuffer, type TakenRecords } from './record-buffer.js';
import { sortRecords, toLines } from './records.js';

const DEFAULTS = { batchSize: 5_000, maxBatchBytes: 1_048_576, flushInterval: 50 } as const;
const DEFAULT_MAX_BUFFER_BYTES = 64 * 1_048_576;

/** A point, or a record: one line of line protocol. */
export type Writable = Point | string;

/**
 * The client's `WriteApi` on a durable log. What was given is on disk after `flushInterval`, or once `flush`, `close` or
 * `write` has resolved, and no outage of a backend loses it from then on.
 */
export class DurableWriteApi implements WriteApi {
  defaultTags?: { [key: string]: string };
  readonly #intake: Intake;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #stamps: Stamps;
  readonly #precision: WritePrecisionType;
  readonly #settings: typeof DEFAULTS | Record<keyof typeof DEFAULTS, number>;
  readonly #callbacks: Partial<Pick<WriteOptions, 'writeFailed' | 'writeSuccess'>>;
  readonly #maxBufferBytes: number;
  #path: string;
  #target: Target;
  readonly #records = new RecordBuffer();
  #timer: Timer | undefined;
  /** Settles when every batch that was cut has. */
  #work: Promise<void> = Promise.resolve();
  /** The first that no `flush` has told yet. */
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;
  #isDisposed = false;

  constructor(options: DurableWriteOptions) {
    const { spool, org, bucket, precision = 'ns', writeOptions = {}, clock = systemClock } = options;
    const { random = Math.random, maxBufferBytes = DEFAULT_MAX_BUFFER_BYTES } = options;
    if (currentTime[precision] === undefined) {
      throw new ConfigError(`durableWriteApi: precision is ${precision}; it must be ns, us, ms or s`);
    }
    if (!(maxBufferBytes >= 1)) {
      throw new ConfigError(`durableWriteApi: maxBufferBytes is ${maxBufferBytes}; it must be a number of at least 1`);
    }
    const { batchSize, maxBatchBytes, flushInterval, consistency, defaultTags, writeFailed, writeSuccess } =
      writeOptions;
    this.#intake = spool.intake;
    this.#outbox = new Outbox(spool.intake, { clock, random });
    this.#clock = clock;
    this.#stamps = new Stamps(clock);
    this.#precision = precision;
    this.#settings = {
      batchSize: batchSize ?? DEFAULTS.batchSize,
      maxBatchBytes: maxBatchBytes ?? DEFAULTS.maxBatchBytes,
      flushInterval: flushInterval ?? DEFAULTS.flushInterval,
    };
    this.#callbacks = { ...(writeFailed && { writeFailed }), ...(writeSuccess && { writeSuccess }) };
    this.#maxBufferBytes = maxBufferBytes;
    if (defaultTags !== undefined) this.defaultTags = defaultTags;
    const place = `org=${encodeURIComponent(org)}&bucket=${encodeURIComponent(bucket)}&precision=${precision}`;
    this.#path = `/api/v2/write?${place}${consistency ? `&consistency=${encodeURIComponent(consistency)}` : ''}`;
    this.#target = { destination: { org, bucket }, precision };
  }

  /** Where points go, and how their time is counted. */
  get path(): string {
    return this.#path;
  }

  set path(path: string) {
    const { pathname, searchParams } = new URL(path, 'http://server');
    const target = readTarget(pathname.endsWith('/api/v2/write') ? 2 : 1, searchParams, {
      fallback: undefined,
      mayBeOpen: false,
    });
    this.#cut();
    this.#path = path;
    this.#target = target;
  }

  useDefaultTags(tags: { [key: string]: string }): this {
    this.defaultTags = tags;
    return this;
  }

  writeRecord(record: string): void {
    this.#enter();
    this.#add(record);
  }

  writeRecords(records: ArrayLike<string>): void {
    this.#enter();
    for (let index = 0; index < records.length; index++) this.#add(records[index]!);
  }

  writePoint(point: Point): void {
    this.#enter();
    const line = point.toLineProtocol(this);
    if (line) this.#add(line);
  }

  writePoints(points: ArrayLike<Point>): void {
    this.#enter();
    for (let index = 0; index < points.length; index++) {
      const line = points[index]!.toLineProtocol(this);
      if (line) this.#add(line);
    }
  }

  /**
   * Resolves when all of them are on disk, however long the disk or a full log makes it wait: back-pressure.
   * @throws LineError when one of them is malformed; IntakeError when the spool is closed. Then none of them is accepted.
   */
  async write(data: Writable | Iterable<Writable>, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#check();
    signal?.throwIfAborted();
    const records: string[] = [];
    for (const each of isOne(data) ? [data] : data) {
      const line = typeof each === 'string' ? each : each.toLineProtocol(this);
      if (line) records.push(line);
    }
    const { precision, destination } = this.#target;
    this.#cut();
    try {
      const lines = toLines(records, { precision, nowNs: this.#stamps.next() });
      if (lines.length === 0) return;
      const sent = this.#outbox.send({ lines, destination, ...(signal && { signal }) });
      // `flush` and `close` wait for it; who wrote it is told what became of it.
      this.#waitFor([sent.catch(() => {})]);
      await sent;
    } catch (error) {
      if (error instanceof LineError) this.#intake.refuse('malformed', records.length);
      throw error;
    }
  }

  /**
   * Resolves when everything that was given so far is on disk.
   * @throws what kept points from it since the last flush, unless `writeFailed` has dealt with it.
   */
  async flush(_withRetryBuffer?: boolean): Promise<void> {
    this.#cut();
    await this.#work;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** Takes no more, and resolves when everything that was given is on disk. */
  close(): Promise<void> {
    this.#closing ??= this.flush();
    return this.#closing;
  }

  dispose(): number {
    const left = this.#records.count + this.#outbox.points;
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#records.take();
    this.#closing ??= Promise.resolve();
    this.#outbox.abandon();
    return left;
  }

  convertTime(value: string | number | Date | undefined): string | undefined {
    if (value === undefined) return currentTime[this.#precision]();
    if (typeof value === 'string') return value.length > 0 ? value : undefined;
    if (value instanceof Date) return dateToProtocolTimestamp[this.#precision](value);
    return typeof value === 'number' ? String(Math.floor(value)) : String(value);
  }

  #check(): void {
    if (this.#closing !== undefined) throw new Error('writeApi: already closed!');
  }

  /** A call is taken whole or not at all. */
  #enter(): void {
    this.#check();
    if (this.#records.chars + this.#outbox.bytes < this.#maxBufferBytes) return;
    const { refusal } = this.#outbox;
    const why = refusal === undefined ? 'the disk is slower than the points come' : refusal.message;
    throw new Error(
      `writeApi: not taken, as ${this.#outbox.points + this.#records.count} points wait in memory already (${why}); ` +
        'write it again later, or use await write(…)',
      { cause: refusal },
    );
  }

  #add(record: string): void {
    const records = this.#records;
    records.add(record);
    if (records.count === 1 && this.#settings.flushInterval > 0) {
      this.#timer = this.#clock.after(this.#settings.flushInterval, () => this.#cut());
    }
    if (records.count >= this.#settings.batchSize || records.chars >= this.#settings.maxBatchBytes) this.#cut();
  }

  /** Hands over what was collected so far. */
  #cut(): void {
    if (this.#records.count === 0) return;
    this.#timer?.[Symbol.dispose]();
    const { precision, destination } = this.#target;
    const { lines, kept, bad } = this.#read(this.#records.take(), { precision, nowNs: this.#stamps.next() });
    const outcomes: Promise<void>[] = [];
    for (const { record, error } of bad) {
      this.#intake.refuse('malformed', 1);
      outcomes.push(this.#failed(error, [record]));
    }
    if (lines.length > 0) outcomes.push(this.#deliver(lines, kept, destination));
    this.#waitFor(outcomes);
  }

  #waitFor(outcomes: readonly Promise<void>[]): void {
    // Without its value: each would hold the one before, back to the first.
    this.#work = Promise.all([this.#work, ...outcomes]).then(() => {});
  }

  /** The lines of a batch, and what is bad in it. The records are kept for those who are told of them. */
  #read(records: TakenRecords, options: NormalizeOptions) {
    const isTold = this.#callbacks.writeFailed !== undefined || this.#callbacks.writeSuccess !== undefined;
    try {
      const lines = normalizeLines(records.body, { ...options, isFinal: true });
      return { lines, kept: isTold ? records.texts() : [], bad: [] };
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
    }
    const { lines, good, bad } = sortRecords(records.texts(), options);
    return { lines, kept: isTold ? good : [], bad };
  }

  async #deliver(lines: readonly Lines[], records: readonly string[], destination: Target['destination']) {
    try {
      await this.#outbox.send({ lines, destination });
    } catch (error) {
      return this.#failed(error, records);
    }
    try {
      this.#callbacks.writeSuccess?.call(this, [...records]);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /** Never rejects: `flush` tells it. */
  async #failed(error: unknown, records: readonly string[]): Promise<void> {
    try {
      // Nothing is tried again, so it was the first attempt, and nothing expires.
      const handled = this.#isDisposed
        ? undefined
        : this.#callbacks.writeFailed?.call(this, error as Error, [...records], 1, Number.POSITIVE_INFINITY);
      if (handled) return await handled;
    } catch (thrown) {
      this.#failure ??= { error: thrown };
      return;
    }
    if (!this.#isDisposed) publish({ type: 'trouble', what: 'points that were written are not on disk', error });
    this.#failure ??= { error };
  }
}

const isOne = (data: Writable | Iterable<Writable>): data is Writable =>
  typeof data === 'string' || 'toLineProtocol' in data;

/** In the place of `client.getWriteApi(org, bucket, precision)`: the same calls, and nothing is lost. */
export function durableWriteApi(options: DurableWriteOptions): DurableWriteApi {
  return new DurableWriteApi(options);
}
