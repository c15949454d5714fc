import type { LaneBook } from '../book/lane-book.js';
import type { Destination, Frame, Gap } from '../frames/frame.js';
import type { FrameLog, ReadResult } from '../log/frame-log.js';
import { Ranges } from '../ranges/ranges.js';
import { Aside } from './aside.js';
import { destinationKey } from './destination-holds.js';
import { firstPending } from './first-pending.js';
import { FrameBuffer } from './frame-buffer.js';
import type { LaneGate } from './gate.js';

/** Where a batch comes from; a probe finds out whether a destination is still held. */
export type Source = 'fresh' | 'backlog' | 'probe';

export interface FeedOptions {
  readonly log: FrameLog;
  readonly book: LaneBook;
  readonly gate: LaneGate;
  readonly onGap: (gap: Gap) => void;
}

/**
 * Reads what is pending: fresh frames in order, and behind them the backlog, which is what was pending when the lane fell
 * behind, and what was put back. Frames of a destination that is held are set aside, by their numbers alone; they are read
 * again when it is free, and not before.
 *
 * It holds a request's bytes at most of fresh frames that were read and not given out, and as much of the backlog: with the
 * requests under way that makes `maxInFlight` + 2 in a lane behind. One less, and fresh requests would go out half empty.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #buffers: Record<Source, FrameBuffer> = {
    fresh: new FrameBuffer(),
    backlog: new FrameBuffer(),
    probe: new FrameBuffer(),
  };
  readonly #backlog = new Ranges();
  readonly #aside: Aside;
  /** The next fresh frame to read. */
  #cursor: number;
  /** How many points the log had when the fresh frames had been read to their end. */
  #seenPoints: number;
  #lingerMs: number;
  /** Since when fresh frames wait. */
  #sinceMs: number | undefined;
  /** What is being read, and taken from its ranges meanwhile. */
  #reading: { readonly source: Source; readonly from: number } | undefined;
  /** What was read has not been taken: no more is read first, however little it is. */
  #justRead = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#aside = new Aside(options.gate, options.book);
    this.#lingerMs = options.gate.settings.lingerMs;
    this.#cursor = options.log.nextSeq;
    this.#seenPoints = options.log.totalPoints;
    this.lookForLost();
  }

  /** Whether old frames are sent behind the fresh ones. */
  get isBehind(): boolean {
    return this.#backlog.size > 0 || !this.#buffers.backlog.isEmpty;
  }

  /** Nothing to read, to send or to wait for, as far as it knows. */
  get isIdle(): boolean {
    return !this.isBehind && this.#aside.isEmpty && this.#buffers.fresh.isEmpty && this.#buffers.probe.isEmpty;
  }

  /** Everything pending that it would not come across becomes backlog. */
  lookForLost(): void {
    const first = this.#options.book.nextPending(1);
    if (first !== undefined) this.#backlog.add(first, this.#cursor - 1);
  }

  /** From now on everything that is pending is backlog, and what is committed later goes first. */
  fallBehind(): void {
    const { log, book } = this.#options;
    for (const { seq } of this.#buffers.fresh.clear()) this.#backlog.add(seq);
    for (const { seq } of this.#buffers.backlog.clear()) this.#backlog.add(seq);
    const unread = book.nextPending(this.#cursor);
    if (unread !== undefined) this.#backlog.add(unread, log.nextSeq - 1);
    this.#cursor = log.nextSeq;
    this.#seenPoints = log.totalPoints;
    this.#sinceMs = undefined;
  }

  /** Frames that were taken, and are pending again. */
  putBack(destination: Destination, seqs: readonly number[]): void {
    this.#setAside(destinationKey(destination), seqs);
  }

  /** Something was found out about the destination. */
  changed(key: string): void {
    this.#aside.changed(key);
  }

  rewind(seqs: readonly number[]): void {
    for (const seq of seqs) this.#backlog.add(seq);
  }

  /** From now on fresh frames do not wait for more. */
  hurry(): void {
    this.#lingerMs = 0;
  }

  /** How long fresh frames may still wait for more, in milliseconds; undefined: there are none. */
  freshInMs(): number | undefined {
    const { gate, log } = this.#options;
    const { clock, settings } = gate;
    const buffer = this.#buffers.fresh;
    if (buffer.isEmpty && this.#nextFresh() === undefined) return undefined;
    const nowMs = clock.now();
    this.#sinceMs ??= nowMs;
    const points = buffer.points + log.totalPoints - this.#seenPoints;
    if (points >= settings.maxBatchPoints || buffer.bytes >= gate.maxBytes) return 0;
    return Math.max(0, this.#sinceMs + this.#lingerMs - nowMs);
  }

  /** The first frame that waits for no held destination; Infinity: there is none. */
  firstSeq(): number {
    return Math.min(
      this.#nextFresh() ?? Number.POSITIVE_INFINITY,
      this.#next(this.#backlog) ?? Number.POSITIVE_INFINITY,
      this.#firstRead(true),
      this.#reading?.source === 'backlog' ? this.#reading.from : Number.POSITIVE_INFINITY,
    );
  }

  /** The first frame that waits for a held destination; Infinity: there is none. */
  firstHeldSeq(): number {
    const first = this.#reading?.source === 'probe' ? this.#reading.from : Number.POSITIVE_INFINITY;
    return Math.min(first, this.#firstRead(false), this.#aside.firstSeq());
  }

  /** What was set aside for a destination that is free by now becomes backlog. */
  takeUp(): void {
    for (const ranges of this.#aside.takeUp()) {
      for (const [from, to] of ranges.within(0, Number.POSITIVE_INFINITY)) this.#backlog.add(from, to);
    }
  }

  hasBacklog(): boolean {
    return !this.#buffers.backlog.isEmpty || this.#next(this.#backlog) !== undefined;
  }

  /** Whether a destination is to be tried whose hold is over. */
  hasProbe(): boolean {
    return !this.#buffers.probe.isEmpty || this.#aside.due() !== undefined;
  }

  /** A batch of one destination from what was read; undefined: `read` first. */
  take(source: Source): Frame[] | undefined {
    const { gate, book } = this.#options;
    const { maxBatchPoints } = gate.settings;
    const buffer = this.#buffers[source];
    const isFull = buffer.points >= maxBatchPoints || buffer.bytes >= gate.maxBytes;
    if (!isFull && !this.#justRead && this.hasMore(source)) return undefined;
    this.#justRead = false;
    for (let key = buffer.firstKey; key !== undefined; key = buffer.firstKey) {
      const isHeld = !gate.admitsDestination(key);
      const frames = isHeld ? buffer.remove(key) : buffer.take(key, maxBatchPoints, gate.maxBytes);
      if (source === 'fresh') this.#restartLinger();
      if (source === 'probe' || isHeld) this.#setAside(key, seqsOf(isHeld ? frames : buffer.remove(key)));
      const pending = isHeld ? [] : frames.filter(({ seq }) => book.isPending(seq));
      if (pending.length > 0) return pending;
    }
    return undefined;
  }

  /** Whether there is something to read. */
  hasMore(source: Source): boolean {
    if (source === 'fresh') return this.#nextFresh() !== undefined;
    return source === 'backlog' ? this.#next(this.#backlog) !== undefined : this.#aside.due() !== undefined;
  }

  /**
   * Reads about as much as a batch may hold. Returns whether that brought it any further.
   * @throws what the log throws; it can be called again.
   */
  async read(source: Source): Promise<boolean> {
    if (source === 'fresh') return this.#readFresh();
    const ranges = source === 'backlog' ? this.#backlog : this.#aside.due();
    const from = ranges && this.#next(ranges);
    if (ranges === undefined || from === undefined) return false;
    const to = ranges.nextGap(from) - 1;
    // What is put back while it reads must not be taken for read.
    ranges.remove(from, to);
    this.#reading = { source, from };
    let nextSeq = from;
    try {
      const result = await this.#read(source, from, to);
      nextSeq = Math.max(from, result.nextSeq);
    } finally {
      ranges.add(nextSeq, to);
      this.#reading = undefined;
    }
    return nextSeq > from;
  }

  async #readFresh(): Promise<boolean> {
    const { log } = this.#options;
    const from = this.#nextFresh();
    if (from === undefined) return false;
    const { nextSeq: endSeq, totalPoints } = log;
    const { frames, nextSeq } = await this.#read('fresh', from);
    this.#cursor = Math.max(from, nextSeq);
    const later = frames.reduce((sum, { seq, points }) => (seq < endSeq ? sum : sum + points), 0);
    // More than fits into one batch waits for nothing.
    this.#seenPoints = nextSeq >= endSeq ? totalPoints + later : Number.NEGATIVE_INFINITY;
    return nextSeq > from;
  }

  async #read(source: Source, from: number, toSeq?: number): Promise<ReadResult> {
    const { log, book, gate, onGap } = this.#options;
    const buffer = this.#buffers[source];
    const result = await log.read(from, {
      ...(toSeq !== undefined && { toSeq }),
      maxBytes: Math.max(1, gate.maxBytes - buffer.bytes),
      wanted: (seq) => book.isPending(seq),
    });
    for (const gap of result.gaps) onGap(gap);
    for (const frame of result.frames) {
      const key = destinationKey(frame.meta.destination);
      if (gate.admitsDestination(key)) buffer.push(key, frame);
      else this.#aside.add(key, [frame.seq]);
    }
    this.#justRead = true;
    return result;
  }

  /** The first frame that was read and not given out, of destinations that are free, or that are held. */
  #firstRead(isFree: boolean): number {
    const { book, gate } = this.#options;
    let first = Number.POSITIVE_INFINITY;
    for (const [key, frames] of Object.values(this.#buffers).flatMap((buffer) => [...buffer.entries()])) {
      if (gate.isFree(key) !== isFree) continue;
      for (const { seq } of frames) if (seq < first && book.isPending(seq)) first = seq;
    }
    return first;
  }

  #nextFresh(): number | undefined {
    return this.#options.book.nextPending(this.#cursor);
  }

  #next(ranges: Ranges): number | undefined {
    return firstPending(ranges, this.#options.book);
  }

  /** They wait until the destination is free, which it may be by now. */
  #setAside(key: string, seqs: readonly number[]): void {
    if (!this.#options.gate.isFree(key)) this.#aside.add(key, seqs);
    else for (const seq of seqs) this.#backlog.add(seq);
  }

  #restartLinger(): void {
    const { clock } = this.#options.gate;
    const acceptedAtMs = this.#buffers.fresh.firstAcceptedAtMs;
    this.#sinceMs = acceptedAtMs === undefined ? undefined : clock.now() - Math.max(0, clock.wall() - acceptedAtMs);
  }
}

const seqsOf = (frames: readonly Frame[]): number[] => frames.map(({ seq }) => seq);
