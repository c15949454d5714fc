import { crc32 } from 'node:zlib';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';
import { EXPIRY_REASONS } from './metrics.js';

/** What one of the two copies in a checkpoint file may take. */
export const SLOT_BYTES = 64 * 1024;

const MAGIC = Buffer.from('BWCP');
const VERSION = 1;
const API_VERSION = 'breakwater/v1';
const KIND = 'LaneCheckpoint';
/** Magic, version, generation (two words), length; then the checksum of all these and of the text. */
const CRC_AT = 20;
const HEADER_BYTES = 24;
const TOTALS = ['accepted', 'released', 'quarantined', 'expired', 'handedOver', 'damaged'] as const;

export interface Slot {
  readonly generation: number;
  readonly checkpoint: LaneCheckpoint;
}

/** A checkpoint cannot be written or used. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code = 'ERR_DELIVERY_CHECKPOINT';
}

export function encodeSlot({ generation, checkpoint }: Slot): Buffer {
  const text = Buffer.from(JSON.stringify(fitting(checkpoint)));
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 4);
  header.writeUInt32LE(generation % 2 ** 32, 8);
  header.writeUInt32LE(Math.floor(generation / 2 ** 32), 12);
  header.writeUInt32LE(text.length, 16);
  header.writeUInt32LE(checksum(header, text), CRC_AT);
  return Buffer.concat([header, text]);
}

/**
 * Undefined: it is damaged, or was never written.
 * @throws CheckpointError when it is sound, and of a version that this program does not know.
 */
export function decodeSlot(bytes: Buffer): Slot | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = bytes.readUInt32LE(16);
  if (length > bytes.length - HEADER_BYTES) return undefined;
  const text = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
  if (bytes.readUInt32LE(CRC_AT) !== checksum(bytes, text)) return undefined;
  const version = bytes.readUInt32LE(4);
  if (version !== VERSION) throw new CheckpointError(`is of format ${version}, and this program knows ${VERSION}`);
  const generation = bytes.readUInt32LE(8) + bytes.readUInt32LE(12) * 2 ** 32;
  return { generation, checkpoint: parse(JSON.parse(text.toString())) };
}

const checksum = (header: Buffer, text: Buffer): number => crc32(text, crc32(header.subarray(0, CRC_AT)));

/**
 * As much as fits: without the shortest ranges of done frames, where there are too many. After a crash those frames are
 * sent again; the book sees it by the points that it finds too many, and takes as many back.
 */
function fitting(checkpoint: LaneCheckpoint): object {
  const whole = { apiVersion: API_VERSION, kind: KIND, ...checkpoint };
  let room = SLOT_BYTES - HEADER_BYTES - Buffer.byteLength(JSON.stringify({ ...whole, done: [] }));
  if (room < 0) throw new CheckpointError(`of lane ${checkpoint.lane.slice(0, 100)}… does not fit into a slot`);
  const length = ([from, to]: readonly [number, number]) => to - from;
  const kept = new Set<readonly [number, number]>();
  for (const range of [...checkpoint.done].sort((a, b) => length(b) - length(a))) {
    room -= JSON.stringify(range).length + 1;
    if (room < 0) break;
    kept.add(range);
  }
  return { ...whole, done: checkpoint.done.filter((range) => kept.has(range)) };
}

/** Its checksum is right, so what is wrong here was written by another program. */
function parse(value: Record<string, unknown>): LaneCheckpoint {
  const { apiVersion, kind, lane, startSeq, throughSeq, done, totals, expiredBy, ...unknown } = value;
  if (apiVersion !== API_VERSION || kind !== KIND) {
    throw new CheckpointError(`is ${String(kind)} of ${String(apiVersion)}, and this program reads ${API_VERSION}`);
  }
  const isSound =
    Object.keys(unknown).length === 0 &&
    typeof lane === 'string' &&
    isCount(startSeq) &&
    isCount(throughSeq) &&
    areRanges(done) &&
    areCounts(totals, TOTALS) &&
    (expiredBy === undefined || areCounts(expiredBy, EXPIRY_REASONS));
  if (!isSound) throw new CheckpointError('holds keys or values that this program does not know');
  return {
    lane,
    startSeq,
    throughSeq,
    done,
    totals: totals satisfies LaneTotals,
    ...(expiredBy === undefined ? {} : { expiredBy }),
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function areCounts<K extends string>(value: unknown, keys: readonly K[]): value is Record<K, number> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== keys.length) return false;
  return keys.every((key) => isCount((value as Record<string, unknown>)[key]));
}

function areRanges(value: unknown): value is [number, number][] {
  if (!Array.isArray(value)) return false;
  let last = -1;
  return value.every((range: unknown) => {
    if (!Array.isArray(range) || range.length !== 2) return false;
    const [from, to]: unknown[] = range;
    const follows = isCount(from) && isCount(to) && from > last && to >= from;
    if (follows) last = to;
    return follows;
  });
}
