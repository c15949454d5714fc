import { join } from 'node:path';
import type { Frame, Gap } from '../frames/frame.js';
import { ownBodies } from '../frames/own-bodies.js';
import type { Storage, StoredFile } from '../storage/storage.js';
import { Continuity } from './continuity.js';
import { FRAME_HEADER_BYTES } from './frame-codec.js';
import { FrameCursor } from './frame-cursor.js';
import type { ReadLimits, ReadResult } from './frame-log.js';
import { MetaCodec } from './meta-codec.js';
import { OpenFiles } from './open-files.js';
import type { Segment } from './segment.js';
import { segmentName } from './segment-codec.js';

const CHUNK_BYTES = 1024 * 1024;
const SLACK_BYTES = 64 * 1024;

/** Reads frames, from whichever segment holds them, up to the durable end. */
export class LogReader {
  readonly #segments: readonly Segment[];
  readonly #files: OpenFiles;
  readonly #metas = new MetaCodec();
  /** What the last chunk was read into, while nobody reads: a chunk for every batch would wait for the garbage collector. */
  #spare: Buffer | undefined;

  constructor(options: { storage: Storage; directory: string; segments: readonly Segment[] }) {
    this.#segments = options.segments;
    this.#files = new OpenFiles((id) => options.storage.open(join(options.directory, segmentName(id)), 'read'));
  }

  async read(fromSeq: number, durableEnd: number, limits: ReadLimits): Promise<ReadResult> {
    const reading = new Reading(fromSeq, Math.min(limits.toSeq ?? durableEnd, durableEnd), limits);
    while (!reading.isOver) {
      const segment = this.#segmentFor(reading.nextSeq);
      if (segment === undefined) reading.nextSeq = durableEnd + 1;
      else if (segment.id > reading.nextSeq) reading.nextSeq = segment.id;
      else await this.#readFrom(segment, reading);
    }
    return reading;
  }

  async #readFrom(segment: Segment, reading: Reading): Promise<void> {
    try {
      await this.#files.use(segment.id, (file) => this.#readSegment(file, segment, reading));
    } catch (error) {
      // Removed while it was being opened: on to the next.
      if (this.#segments.includes(segment)) throw error;
    }
  }

  /** Reads on in one segment, until the reading is over or the segment is. */
  async #readSegment(file: StoredFile, segment: Segment, reading: Reading): Promise<void> {
    const room = this.#spare;
    this.#spare = undefined;
    const cursor = cursorFor(file, segment, reading, { room, metas: this.#metas });
    try {
      await readFrames(cursor, segment, reading);
    } finally {
      reading.leaveChunk();
      if (cursor.room.length <= CHUNK_BYTES) this.#spare = cursor.room;
    }
  }

  /** Its file is closed once nobody reads it any more. */
  forget(segment: number): Promise<void> {
    return this.#files.forget(segment);
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  /** The first that reaches as far as the frame. */
  #segmentFor(seq: number): Segment | undefined {
    let [low, high] = [0, this.#segments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.lastSeq < seq) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low];
  }
}

/** What one call has found, and how much more it may. */
class Reading implements ReadResult {
  readonly frames: Frame[] = [];
  readonly gaps: Gap[] = [];
  nextSeq: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly limits: ReadLimits;
  #bytes = 0;
  /** How many of the frames do not lie in the chunk that is looked at. */
  #earlier = 0;
  #isFull = false;

  constructor(fromSeq: number, toSeq: number, limits: ReadLimits) {
    this.fromSeq = fromSeq;
    this.nextSeq = fromSeq;
    this.toSeq = toSeq;
    this.limits = limits;
  }

  get isOver(): boolean {
    return this.#isFull || this.nextSeq > this.toSeq;
  }

  wants(seq: number): boolean {
    return seq >= this.fromSeq && (this.limits.wanted === undefined || this.limits.wanted(seq));
  }

  /** Whether another body fits. */
  hasRoom(bytes: number): boolean {
    const { maxFrames = Number.POSITIVE_INFINITY, maxBytes } = this.limits;
    this.#isFull = this.frames.length > 0 && (this.frames.length >= maxFrames || this.#bytes + bytes > maxBytes);
    return !this.#isFull;
  }

  add(frame: Frame): void {
    this.frames.push(frame);
    this.#bytes += frame.body.length;
  }

  /** The chunk has been looked through: another one takes its place. */
  leaveChunk(): void {
    this.frames.push(...ownBodies(this.frames.splice(this.#earlier)));
    this.#earlier = this.frames.length;
  }

  found(gap: Gap | undefined): void {
    if (gap !== undefined && gap.toSeq >= this.fromSeq) this.gaps.push(gap);
  }
}

function cursorFor(
  file: StoredFile,
  segment: Segment,
  { nextSeq, toSeq, limits }: Reading,
  own: { readonly room: Buffer | undefined; readonly metas: MetaCodec },
): FrameCursor {
  const start = segment.startFor(nextSeq);
  // It may grow meanwhile; this far it is durable.
  const { end, marker } = segment;
  // With the header behind the last frame, which shows that it is the last.
  const wanted = segment.endFor(toSeq) - start.offset + FRAME_HEADER_BYTES;
  const chunkBytes = Math.min(CHUNK_BYTES, limits.maxBytes + SLACK_BYTES, wanted);
  return new FrameCursor({ file, position: start.offset, end, marker, fromSeq: start.seq, chunkBytes, ...own });
}

async function readFrames(cursor: FrameCursor, segment: Segment, reading: Reading): Promise<void> {
  // It may grow meanwhile.
  const { lastSeq, endTotal } = segment;
  const continuity = new Continuity(segment.id, segment.startFor(reading.nextSeq));
  for (let isMore = true; isMore; isMore = await cursor.fill()) {
    for (let header = cursor.header(); header !== undefined; header = cursor.header()) {
      const { seq, points, acceptedAtMs, bodyLength } = header;
      const isWanted = seq <= reading.toSeq && reading.wants(seq);
      if (seq > reading.toSeq || (isWanted && !reading.hasRoom(bodyLength))) {
        reading.found(continuity.missing(seq, header.totalBefore));
        reading.nextSeq = seq;
        return;
      }
      const payload = isWanted ? cursor.payload() : cursor.skip();
      if (payload === 'short') break;
      if (payload === 'damaged') continue;
      reading.found(continuity.pass(header));
      if (payload !== undefined) {
        reading.add({ seq, points, acceptedAtMs, segment: segment.id, lanes: payload.meta.lanes, ...payload });
      }
    }
    reading.leaveChunk();
  }
  reading.found(continuity.missing(lastSeq + 1, endTotal));
  reading.nextSeq = lastSeq + 1;
}
