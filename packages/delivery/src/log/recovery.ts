import { join } from 'node:path';
import type { FrameSummary, Gap } from '../frames/frame.js';
import type { Storage, StoredFile } from '../storage/storage.js';
import { MetaCodec } from './meta-codec.js';
import type { Segment } from './segment.js';
import { segmentIdOf, segmentName, UNFINISHED } from './segment-codec.js';
import { type ScannedSegment, scanSegment } from './segment-scan.js';

interface RecoveryOptions {
  readonly storage: Storage;
  readonly directory: string;
  readonly nowMs: number;
  readonly minNextSeq: number;
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
  const { scans, gaps, nextId } = await scanAll(options);
  // Its name alone counts.
  const isBroken = scans.at(-1) !== undefined && isNothing(scans.at(-1)!);
  if (isBroken) scans.pop();
  const segments = scans.map(({ segment }) => segment);
  const last = scans.at(-1);
  if (last?.damagedLast !== undefined) {
    const { seq, totalBefore, points } = last.damagedLast;
    gaps.push(last.segment.lose(seq, totalBefore + points));
  }
  const end = last?.segment ?? { lastSeq: 0, endTotal: 0, bytes: 0, end: 0 };
  const nextSeq = Math.max(options.minNextSeq, nextId, end.lastSeq + 1, (last?.torn?.seq ?? 0) + 1);
  const totalPoints = end.endTotal;
  const numbers = { segments, gaps, nextSeq, totalPoints, cutBytes: Math.max(0, end.bytes - end.end) };
  if (last === undefined) return { ...numbers, file: undefined, uncut: undefined };
  await options.storage.syncDirectory(options.directory);
  if (last.damagedLast !== undefined || last.torn !== undefined) {
    // Their headers alone tell which numbers are taken: they go once the next segment does.
    await (await cut(options, last.segment, last.segment.bytes)).close();
    return { ...numbers, file: undefined, uncut: last.segment };
  }
  const file = await cut(options, last.segment, last.segment.end);
  const continues = nextSeq === end.lastSeq + 1;
  if (continues && last.header !== undefined && !isBroken) return { ...numbers, file, uncut: undefined };
  await file.close();
  return { ...numbers, file: undefined, uncut: undefined };
}

interface Scans {
  readonly scans: ScannedSegment[];
  readonly gaps: Gap[];
  /** The name of the last segment. */
  readonly nextId: number;
}

async function scanAll(options: RecoveryOptions): Promise<Scans> {
  const names = await options.storage.list(options.directory);
  const unfinished = names.filter((name) => name.endsWith(`.log${UNFINISHED}`));
  await Promise.all(unfinished.map((name) => options.storage.remove(join(options.directory, name))));
  const ids = names.flatMap((name) => segmentIdOf(name) ?? []).sort((a, b) => a - b);
  const metas = new MetaCodec();
  const scans: ScannedSegment[] = [];
  const gaps: Gap[] = [];
  for (const [at, id] of ids.entries()) {
    const before = scans.at(-1)?.segment;
    const totalBefore = (before?.lastSeq ?? 0) === id - 1 ? (before?.endTotal ?? 0) : undefined;
    const nextId = ids[at + 1] ?? Number.POSITIVE_INFINITY;
    const scan = await scanSegment({ ...options, id, nextId, totalBefore, metas });
    if (before !== undefined && scan.header?.previous === before.id && before.lastSeq < id - 1) {
      gaps.push(before.lose(id - 1, scan.header.totalBefore));
    }
    gaps.push(...scan.gaps);
    if (scan.replacedFrom !== undefined) await (await cut(options, scan.segment, scan.replacedFrom)).close();
    scans.push(scan);
  }
  return { scans, gaps, nextId: ids.at(-1) ?? 0 };
}

/** Whether nothing can be read of it, not even its header. */
const isNothing = ({ header, segment, damagedLast, torn }: ScannedSegment): boolean =>
  header === undefined && segment.isEmpty && damagedLast === undefined && torn === undefined;

/** Ends the file there, and makes sure that what is before is durable: it will be counted on. */
async function cut(options: RecoveryOptions, segment: Segment, end: number): Promise<StoredFile> {
  const file = await options.storage.open(join(options.directory, segmentName(segment.id)), 'write');
  try {
    if (segment.bytes > end) await file.truncate(end);
    await file.datasync();
  } catch (error) {
    await file.close();
    throw error;
  }
  segment.bytes = Math.min(segment.bytes, end);
  return file;
}
