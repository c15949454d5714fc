import { join } from 'node:path';
import type { FrameSummary, Gap } from '../frames/frame.js';
import type { Storage, StoredFile } from '../storage/storage.js';
import { Continuity } from './continuity.js';
import { type FrameHeader, frameMarker, MARKER_PREFIX } from './frame-codec.js';
import { FrameCursor } from './frame-cursor.js';
import { LogError } from './log-error.js';
import type { MetaCodec } from './meta-codec.js';
import { Segment } from './segment.js';
import {
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
  type SegmentHeader,
  segmentName,
} from './segment-codec.js';

const CHUNK_BYTES = 1024 * 1024;

interface ScanOptions {
  readonly storage: Storage;
  readonly directory: string;
  readonly id: number;
  /** Where the next segment begins: what claims to be a frame from there on was refused when it was written. */
  readonly nextId: number;
  /** The running total before it, where its own header is damaged. */
  readonly totalBefore: number | undefined;
  readonly nowMs: number;
  readonly metas: MetaCodec;
  readonly onFrame: (summary: FrameSummary) => void;
}

export interface ScannedSegment {
  readonly segment: Segment;
  /** Undefined: it is damaged. */
  readonly header: SegmentHeader | undefined;
  /** Frames that are missing between others. */
  readonly gaps: readonly Gap[];
  /** A frame behind the last sound one whose header is sound and whose payload is not. */
  readonly damagedLast: FrameHeader | undefined;
  /** A frame behind the last sound one that the end of the file cuts off. */
  readonly torn: FrameHeader | undefined;
  /** Where frames begin that the next segment replaces. */
  readonly replacedFrom: number | undefined;
}

/**
 * Finds every sound frame of a segment, in the memory of one frame.
 * @throws LogError where the disk cannot read it: that may pass, and what is taken for damage is given up for good.
 */
export async function scanSegment(options: ScanOptions): Promise<ScannedSegment> {
  const path = join(options.directory, segmentName(options.id));
  const file = await options.storage.open(path, 'read');
  try {
    const size = await file.size();
    const readable = namingFailures(file, path);
    const header = await readHeader(readable, path, options.id);
    return await scanFrames(readable, size, header, options);
  } finally {
    await file.close();
  }
}

type Readable = Pick<StoredFile, 'read'>;

function namingFailures(file: Readable, path: string): Readable {
  return {
    read: (into, position) =>
      file.read(into, position).catch((error: NodeJS.ErrnoException) => {
        throw new LogError(
          `${path} cannot be read between bytes ${position} and ${position + into.length} (${error.code ?? error.message}): ` +
            'the disk fails there. Try again; where that does not help, put a copy with zeros for what cannot be read ' +
            'in its place (dd conv=noerror,sync bs=512, or ddrescue): only the frames that are hit are lost then',
          error,
        );
      }),
  };
}

async function readHeader(file: Readable, path: string, id: number): Promise<SegmentHeader | undefined> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const read = await file.read(bytes, 0);
  const header = decodeSegmentHeader(bytes.subarray(0, read));
  if (header === undefined) return undefined;
  if (header.version !== SEGMENT_VERSION) {
    throw new LogError(
      `${path} is in version ${header.version} of the format, this program reads version ${SEGMENT_VERSION}; ` +
        'use the program that wrote it, or move the file away',
    );
  }
  return header.firstSeq === id ? header : undefined;
}

async function scanFrames(
  file: Readable,
  size: number,
  header: SegmentHeader | undefined,
  { id, nextId, totalBefore, nowMs, metas, onFrame }: ScanOptions,
): Promise<ScannedSegment> {
  const cursor = new FrameCursor({
    file,
    position: SEGMENT_HEADER_BYTES,
    end: size,
    marker: header === undefined ? MARKER_PREFIX : frameMarker(header.salt),
    fromSeq: id,
    chunkBytes: CHUNK_BYTES,
    metas,
  });
  let segment: Segment | undefined;
  let continuity: Continuity | undefined;
  const begin = (total: number) => {
    segment = new Segment({ id, marker: cursor.marker, totalBefore: total, begunAtMs: nowMs });
    continuity = new Continuity(id, { seq: id, totalBefore: total });
  };
  const known = header?.totalBefore ?? totalBefore;
  if (known !== undefined) begin(known);
  const gaps: Gap[] = [];
  let replacedFrom: number | undefined;
  do {
    for (let frame = cursor.header(); frame !== undefined; frame = cursor.header()) {
      const offset = cursor.position;
      if (frame.seq >= nextId) {
        replacedFrom ??= offset;
        cursor.skip();
        continue;
      }
      const payload = cursor.payload();
      if (payload === 'short') break;
      if (payload === 'damaged') continue;
      if (segment === undefined) begin(frame.totalBefore);
      const gap = continuity!.pass(frame);
      if (gap !== undefined) gaps.push(gap);
      segment!.add(frame, offset);
      const { seq, points, acceptedAtMs } = frame;
      onFrame({ seq, points, acceptedAtMs, segment: id, lanes: payload.meta.lanes });
    }
  } while (await cursor.fill());
  if (segment === undefined) begin(0);
  const scanned = segment!;
  scanned.bytes = size;
  const behind = (last: FrameHeader | undefined) =>
    last !== undefined && last.seq > scanned.lastSeq && last.seq < nextId ? last : undefined;
  return {
    segment: scanned,
    header,
    gaps,
    damagedLast: behind(cursor.damaged),
    torn: behind(cursor.torn),
    replacedFrom,
  };
}
