import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '@breakwater/resilience';
import type { FrameMeta, FrameSummary, NewFrame } from '../frames/frame.js';
import type { Storage, StoredFile } from '../storage/storage.js';
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  frameMarker,
  MAX_FRAME_BYTES,
  MAX_META_BYTES,
  payloadCrc,
  writeFrameHeader,
} from './frame-codec.js';
import type { MetaCodec } from './meta-codec.js';
import { Segment } from './segment.js';
import { encodeSegmentHeader, SEGMENT_VERSION, type SegmentHeader, segmentName, UNFINISHED } from './segment-codec.js';

/** A frame that waits for its number. */
export interface PreparedFrame {
  readonly points: number;
  readonly acceptedAtMs: number;
  readonly lanes: readonly string[] | undefined;
  readonly meta: Buffer;
  readonly body: Uint8Array;
  readonly crc: number;
}

/** @throws RangeError for a frame that no log takes. */
export function prepareFrame(frame: NewFrame, acceptedAtMs: number, metas: MetaCodec): PreparedFrame {
  const meta = metas.encode(frame.meta);
  const bytes = frameBytes({ metaLength: meta.length, bodyLength: frame.body.length });
  if (bytes > MAX_FRAME_BYTES || meta.length > MAX_META_BYTES) {
    throw new RangeError(`a frame of ${bytes} bytes is too large for the log, which takes ${MAX_FRAME_BYTES}`);
  }
  if (!Number.isInteger(frame.points) || frame.points < 0 || frame.points > 0xffffffff) {
    throw new RangeError(`a frame cannot hold ${frame.points} points`);
  }
  const { lanes }: FrameMeta = frame.meta;
  return { points: frame.points, acceptedAtMs, lanes, meta, body: frame.body, crc: payloadCrc(meta, frame.body) };
}

interface WriterOptions {
  readonly storage: Storage;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly clock: Clock;
  /** All segments, from old to new; the writer adds those that it begins. */
  readonly segments: Segment[];
  readonly nextSeq: number;
  readonly totalPoints: number;
  /** The last segment's file, where it can be appended to. */
  readonly file: StoredFile | undefined;
  /** A segment to cut off at its end once another one is begun. */
  readonly uncut: Segment | undefined;
}

/** Appends frames to the last segment, and begins new ones. One call at a time. */
export class SegmentWriter {
  readonly #options: WriterOptions;
  readonly #segments: Segment[];
  /** Undefined: the last segment is not appended to any more. */
  #file: StoredFile | undefined;
  /** Segments that have more on the disk than they should: refused frames, for one. */
  readonly #uncut = new Set<Segment>();
  nextSeq: number;
  totalPoints: number;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#segments = options.segments;
    this.#file = options.file;
    if (options.uncut !== undefined) this.#uncut.add(options.uncut);
    this.nextSeq = options.nextSeq;
    this.totalPoints = options.totalPoints;
  }

  /** The segment that is appended to. */
  get active(): Segment | undefined {
    return this.#file === undefined ? undefined : this.#segments.at(-1);
  }

  /** Resolves when the frames are durable. When it rejects none is in the log. */
  async write(frames: readonly PreparedFrame[]): Promise<FrameSummary[]> {
    const segment = this.active;
    if (segment === undefined || (segment.bytes >= this.#options.segmentBytes && !segment.isEmpty)) await this.begin();
    return this.#append(this.#file!, this.#segments.at(-1)!, frames);
  }

  async #append(file: StoredFile, segment: Segment, frames: readonly PreparedFrame[]): Promise<FrameSummary[]> {
    const headers = this.#number(frames);
    const pieces = frames.flatMap((frame, at) => [encodeHead(frame, headers[at]!, segment.marker), frame.body]);
    let isWritten = false;
    try {
      await file.write(pieces, segment.end);
      isWritten = true;
      await file.datasync();
    } catch (error) {
      await this.#retreat(file, segment, isWritten);
      throw error;
    }
    return headers.map((header, at) => {
      const { seq, points, acceptedAtMs } = header;
      segment.add(header, segment.end);
      this.nextSeq = seq + 1;
      this.totalPoints += points;
      return { seq, points, acceptedAtMs, segment: segment.id, lanes: frames[at]!.lanes };
    });
  }

  #number(frames: readonly PreparedFrame[]): FrameHeader[] {
    let { nextSeq: seq, totalPoints: totalBefore } = this;
    return frames.map(({ points, acceptedAtMs, meta, body, crc }) => {
      const lengths = { metaLength: meta.length, bodyLength: body.length };
      const header = { seq, totalBefore, points, acceptedAtMs, ...lengths, payloadCrc: crc };
      seq++;
      totalBefore += points;
      return header;
    });
  }

  /**
   * Takes back what was refused. A file whose fdatasync failed is left as it is from here on: the kernel may have
   * dropped what it could not write. What cannot be cut off is replaced by the next segment, which begins with the
   * same sequence number.
   */
  async #retreat(file: StoredFile, segment: Segment, isSuspect: boolean): Promise<void> {
    try {
      await file.truncate(segment.end);
      await file.datasync();
      if (!isSuspect) return;
    } catch {
      this.#uncut.add(segment);
    }
    this.#file = undefined;
    await file.close().catch(() => {});
  }

  /** Begins a new segment, durably. The one before is never appended to again. */
  async begin(): Promise<void> {
    const { storage, directory, clock } = this.#options;
    const { nextSeq: id, totalPoints: totalBefore } = this;
    const replaced = this.#segments.find((segment) => segment.id === id);
    const before = this.#segments.at(replaced === undefined ? -1 : -2);
    const previous = before?.lastSeq === id - 1 ? before.id : 0;
    const salt = randomInt(2 ** 32);
    const header = { version: SEGMENT_VERSION, firstSeq: id, totalBefore, previous, salt };
    const path = join(directory, segmentName(id));
    // Under another name first: one that was given up before it had a frame is replaced in one step, or not at all.
    const file = await this.#create(`${path}${UNFINISHED}`, header);
    try {
      await storage.rename(`${path}${UNFINISHED}`, path);
      if (replaced !== undefined) {
        this.#segments.pop();
        this.#uncut.delete(replaced);
      }
      await storage.syncDirectory(directory);
    } catch (error) {
      await file.close().catch(() => {});
      // The new one may have its name: what the one before got from here on would count as replaced when it is opened.
      await this.close().catch(() => {});
      throw error;
    }
    await this.#file?.close().catch(() => {});
    this.#file = file;
    this.#segments.push(new Segment({ id, marker: frameMarker(salt), totalBefore, begunAtMs: clock.wall() }));
    // Where that fails, it is tried again with the next segment.
    await this.cutBack().catch(() => {});
  }

  async #create(path: string, header: SegmentHeader): Promise<StoredFile> {
    const { storage } = this.#options;
    await storage.remove(path);
    const file = await storage.open(path, 'create');
    try {
      await file.write([encodeSegmentHeader(header)], 0);
      await file.datasync();
      return file;
    } catch (error) {
      await file.close().catch(() => {});
      await storage.remove(path).catch(() => {});
      throw error;
    }
  }

  /** Cuts off what was refused, before the segment goes that replaces it. The last segment is replaced by none yet. */
  async cutBack(): Promise<void> {
    for (const segment of this.#uncut) {
      if (segment === this.#segments.at(-1)) continue;
      const path = join(this.#options.directory, segmentName(segment.id));
      const file = await this.#options.storage.open(path, 'write');
      try {
        await file.truncate(segment.end);
        await file.datasync();
      } finally {
        await file.close();
      }
      this.#uncut.delete(segment);
    }
  }

  /** The segment goes: nothing of it is to be cut any more. */
  forget(segment: Segment): void {
    this.#uncut.delete(segment);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

function encodeHead(frame: PreparedFrame, header: FrameHeader, marker: Buffer): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEADER_BYTES + frame.meta.length);
  writeFrameHeader(head, marker, header);
  frame.meta.copy(head, FRAME_HEADER_BYTES);
  return head;
}
