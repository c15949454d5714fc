import { join } from 'node:path';
import type { FrameMeta, Gap } from '../frames/frame.js';
import { Continuity } from '../log/continuity.js';
import { frameBytes, frameMarker, MARKER_PREFIX } from '../log/frame-codec.js';
import { FrameCursor } from '../log/frame-cursor.js';
import { MetaCodec } from '../log/meta-codec.js';
import {
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
  type SegmentHeader,
  segmentIdOf,
  segmentName,
} from '../log/segment-codec.js';
import { disk, type StoredFile } from '../storage/storage.js';
import { InspectError } from './errors.js';
import { namesIn } from './slots.js';

const CHUNK_BYTES = 1024 * 1024;

export interface WalkedFrame {
  readonly kind: 'frame';
  readonly seq: number;
  readonly points: number;
  readonly acceptedAtMs: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  readonly meta: FrameMeta;
  /** Good until the next step. */
  readonly body: Buffer;
}

export interface WalkedDamage {
  readonly kind: 'damage';
  readonly file: string;
  /** Where in the file it begins. */
  readonly offset: number;
  readonly what: 'segment-header' | 'frames' | 'bytes';
  /** The frames that it cost, if any. */
  readonly gap: Gap | undefined;
}

export interface WalkedSegment {
  readonly kind: 'segment';
  readonly id: number;
  readonly file: string;
  readonly bytes: number;
}

export type Step = WalkedFrame | WalkedDamage | WalkedSegment;

export interface WalkOptions {
  /** The folder of the segments. */
  readonly directory: string;
  /** A process appends to it: what is half-written at the end is no damage. */
  readonly isLive: boolean;
  /** Frames before this one need not be looked at. */
  readonly fromSeq?: number;
}

/** Where the log stood at the end of a segment. */
interface Standing {
  readonly id: number;
  readonly file: string;
  readonly offset: number;
  readonly seq: number;
  readonly total: number;
}

/** Goes through a log from its oldest frame to its newest, over damage, in the memory of one frame. Changes nothing. */
export async function* walkLog({ directory, isLive, fromSeq = 0 }: WalkOptions): AsyncGenerator<Step> {
  const ids = (await namesIn(directory)).flatMap((name) => segmentIdOf(name) ?? []).sort((a, b) => a - b);
  const metas = new MetaCodec();
  let before: Standing | undefined;
  for (const [at, id] of ids.entries()) {
    const nextId = ids[at + 1];
    if (nextId !== undefined && nextId <= fromSeq) continue;
    const segment = await SegmentWalk.open(join(directory, segmentName(id)), { id, nextId, isLive, metas });
    // A living process deletes segments that nobody needs any more.
    if (segment === undefined) continue;
    try {
      before = yield* segment.steps(before);
    } finally {
      await segment.close();
    }
  }
}

interface SegmentWalkOptions {
  readonly id: number;
  /** Undefined: this is the last one. */
  readonly nextId: number | undefined;
  readonly isLive: boolean;
  readonly metas: MetaCodec;
}

class SegmentWalk {
  readonly #path: string;
  readonly #file: StoredFile;
  readonly #options: SegmentWalkOptions;

  private constructor(path: string, file: StoredFile, options: SegmentWalkOptions) {
    this.#path = path;
    this.#file = file;
    this.#options = options;
  }

  static async open(path: string, options: SegmentWalkOptions): Promise<SegmentWalk | undefined> {
    try {
      return new SegmentWalk(path, await disk.open(path, 'read'), options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async *steps(before: Standing | undefined): AsyncGenerator<Step, Standing> {
    const { id, nextId, isLive, metas } = this.#options;
    const size = await this.#file.size();
    const header = await this.#header();
    yield { kind: 'segment', id, file: this.#path, bytes: size };
    if (before !== undefined && header?.previous === before.id) yield* lostBetween(before, id, header.totalBefore);
    if (header === undefined && !(isLive && nextId === undefined)) yield this.#damage(0, 'segment-header');
    const cursor = new FrameCursor({
      file: this.#file,
      position: SEGMENT_HEADER_BYTES,
      end: size,
      marker: header === undefined ? MARKER_PREFIX : frameMarker(header.salt),
      fromSeq: id,
      chunkBytes: CHUNK_BYTES,
      metas,
    });
    const standing = yield* this.#frames(cursor, header?.totalBefore ?? totalAfter(before, id));
    return yield* this.#end(cursor, standing, size);
  }

  async #header(): Promise<SegmentHeader | undefined> {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const header = decodeSegmentHeader(bytes.subarray(0, await this.#file.read(bytes, 0)));
    if (header !== undefined && header.version !== SEGMENT_VERSION) {
      throw new InspectError(
        `${this.#path} is in version ${header.version} of the format, this program reads version ${SEGMENT_VERSION}`,
      );
    }
    return header?.firstSeq === this.#options.id ? header : undefined;
  }

  async *#frames(cursor: FrameCursor, totalBefore: number | undefined): AsyncGenerator<Step, Standing> {
    const { id, nextId = Number.POSITIVE_INFINITY } = this.#options;
    let continuity = totalBefore === undefined ? undefined : new Continuity(id, { seq: id, totalBefore });
    let end = SEGMENT_HEADER_BYTES;
    do {
      for (let frame = cursor.header(); frame !== undefined; frame = cursor.header()) {
        const offset = cursor.position;
        if (frame.seq >= nextId) {
          // It was refused when it was written; the next segment has the number.
          cursor.skip();
          continue;
        }
        const payload = cursor.payload();
        if (payload === 'short') break;
        if (payload === 'damaged') continue;
        continuity ??= new Continuity(id, { seq: id, totalBefore: frame.totalBefore });
        const gap = continuity.pass(frame);
        if (gap !== undefined) yield this.#damage(end, 'frames', gap);
        else if (offset > end) yield this.#damage(end, 'bytes');
        end = offset + frameBytes(frame);
        const { seq, points, acceptedAtMs } = frame;
        yield { kind: 'frame', seq, points, acceptedAtMs, segment: id, offset, bytes: end - offset, ...payload };
      }
    } while (await cursor.fill());
    const { seq, total } = continuity ?? { seq: id, total: 0 };
    return { id, file: this.#path, offset: end, seq, total };
  }

  /** What is behind the last sound frame. In the newest segment it may be a write that a crash, or we, interrupted. */
  async *#end(cursor: FrameCursor, standing: Standing, size: number): AsyncGenerator<Step, Standing> {
    const { id, nextId, isLive } = this.#options;
    const { damaged } = cursor;
    if (nextId !== undefined || isLive || damaged === undefined || damaged.seq < standing.seq) return standing;
    const total = damaged.totalBefore + damaged.points;
    const gap = { fromSeq: standing.seq, toSeq: damaged.seq, points: Math.max(0, total - standing.total), segment: id };
    yield this.#damage(standing.offset, 'frames', gap);
    return { ...standing, offset: size, seq: damaged.seq + 1, total };
  }

  #damage(offset: number, what: WalkedDamage['what'], gap?: Gap): WalkedDamage {
    return { kind: 'damage', file: this.#path, offset, what, gap };
  }
}

const totalAfter = (before: Standing | undefined, id: number): number | undefined =>
  before?.seq === id ? before.total : undefined;

/** The segment that follows says how many frames there were before it. */
function* lostBetween(before: Standing, id: number, total: number): Generator<WalkedDamage> {
  if (before.seq >= id) return;
  const gap = { fromSeq: before.seq, toSeq: id - 1, points: Math.max(0, total - before.total), segment: before.id };
  yield { kind: 'damage', file: before.file, offset: before.offset, what: 'frames', gap };
}
