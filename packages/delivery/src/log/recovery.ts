import { join } from 'node:path';
import type { FrameSummary, Gap } from '../frames/frame.js';
import type { Storage, StoredFile } from '../storage/storage.js';
import { MetaCodec } from './meta-codec.js';
import type { Segment } from './segment.js';
import { segmentIdOf, segmentName } from './segment-codec.js';
import { type ScannedSegment, scanSegment } from './segment-scan.js';

export interface RecoveryOptions {
  readonly storage: Storage;
  readonly directory: string;
  readonly nowMs: number;
  readonly minNextSeq: number;
  readonly minTotalPoints: number;
  readonly onFrame: (summary: FrameSummary) => void;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly gaps: readonly Gap[];
  readonly nextSeq: number;
  readonly totalPoints: number;
  /** The last segment, ready to be appended to; undefined: a new one is to be begun. */
  readonly file: StoredFile | undefined;
  /** A segment to cut off at its end once another one is begun. */
  readonly uncut: Segment | undefined;
  /** Bytes behind the last sound frame: they are cut off. */
  readonly cutBytes: number;
}

/** Reads the whole folder, cuts off what a crash left half-written, and makes durable what is there. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { storage, directory } = options;
  const ids = (await storage.list(directory)).flatMap((name) => segmentIdOf(name) ?? []).sort((a, b) => a - b);
  const metas = new MetaCodec();
  const segments: Segment[] = [];
  const gaps: Gap[] = [];
  let nextSeq = options.minNextSeq;
  let last: ScannedSegment | undefined;
  for (const [at, id] of ids.entries()) {
    const before = last?.segment;
    const totalBefore = before?.lastSeq === id - 1 ? before.endTotal : undefined;
    const nextId = ids[at + 1] ?? Number.POSITIVE_INFINITY;
    last = await scanSegment({ ...options, id, nextId, totalBefore, metas });
    if (before !== undefined && last.header?.previous === before.id && before.lastSeq < id - 1) {
      gaps.push(before.lose(id - 1, last.header.totalBefore));
    }
    gaps.push(...last.gaps);
    if (last.replacedFrom !== undefined) await cut(options, last.segment, last.replacedFrom);
    nextSeq = Math.max(nextSeq, id, (last.torn?.seq ?? 0) + 1);
    segments.push(last.segment);
  }
  if (last === undefined) {
    const totalPoints = options.minTotalPoints;
    return { segments, gaps, nextSeq, totalPoints, file: undefined, uncut: undefined, cutBytes: 0 };
  }
  const { segment, damagedLast, torn } = last;
  if (damagedLast !== undefined) {
    gaps.push(segment.lose(damagedLast.seq, damagedLast.totalBefore + damagedLast.points));
  }
  nextSeq = Math.max(nextSeq, segment.lastSeq + 1);
  const totalPoints = Math.max(options.minTotalPoints, segment.endTotal);
  const numbers = { segments, gaps, nextSeq, totalPoints, cutBytes: segment.bytes - segment.end };
  await storage.syncDirectory(directory);
  if (damagedLast !== undefined || torn !== undefined) {
    // Their headers alone tell which numbers are taken: they go once the next segment does.
    await cut(options, segment, segment.bytes);
    return { ...numbers, file: undefined, uncut: segment };
  }
  const file = await cut(options, segment, segment.end, 'keep open');
  const continues = last.header !== undefined && nextSeq === segment.lastSeq + 1 && totalPoints === segment.endTotal;
  if (continues) return { ...numbers, file, uncut: undefined };
  await file?.close();
  return { ...numbers, file: undefined, uncut: undefined };
}

/** Ends the file there, and makes sure that what is before is durable: it will be counted on. */
async function cut(
  { storage, directory }: RecoveryOptions,
  segment: Segment,
  end: number,
  after: 'close' | 'keep open' = 'close',
): Promise<StoredFile | undefined> {
  const file = await storage.open(join(directory, segmentName(segment.id)), 'write');
  try {
    if (segment.bytes > end) await file.truncate(end);
    await file.datasync();
  } catch (error) {
    await file.close();
    throw error;
  }
  segment.bytes = Math.min(segment.bytes, end);
  if (after === 'keep open') return file;
  await file.close();
  return undefined;
}
