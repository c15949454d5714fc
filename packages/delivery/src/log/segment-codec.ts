import { crc32 } from 'node:zlib';
import { readU64, writeU64 } from './integers.js';

/**
 * A segment begins with, all numbers little endian:
 *
 *  0  `BWLOGSEG`
 *  8  CRC-32 of what follows
 * 12  the format's version
 * 16  sequence number of its first frame                          u64
 * 24  points in all frames before it                              u64
 * 32  the segment that it follows without a gap, 0 when there is none  u64
 * 40  the random part of its frames' markers
 */
export const SEGMENT_HEADER_BYTES = 44;
export const SEGMENT_VERSION = 1;

const MAGIC = Buffer.from('BWLOGSEG');
const CRC_AT = 8;
const FIELDS_AT = 12;

export interface SegmentHeader {
  readonly version: number;
  readonly firstSeq: number;
  readonly totalBefore: number;
  readonly previous: number;
  readonly salt: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(header.version, 12);
  writeU64(bytes, 16, header.firstSeq);
  writeU64(bytes, 24, header.totalBefore);
  writeU64(bytes, 32, header.previous);
  bytes.writeUInt32LE(header.salt, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(FIELDS_AT)), CRC_AT);
  return bytes;
}

/** Undefined: damaged, or none. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(bytes.subarray(FIELDS_AT, SEGMENT_HEADER_BYTES)) !== bytes.readUInt32LE(CRC_AT)) return undefined;
  return {
    version: bytes.readUInt32LE(12),
    firstSeq: readU64(bytes, 16),
    totalBefore: readU64(bytes, 24),
    previous: readU64(bytes, 32),
    salt: bytes.readUInt32LE(40),
  };
}

/** What is behind the name of a segment that is not begun yet. */
export const UNFINISHED = '.new';

const NAME = /^(\d{16})\.log$/;

export const segmentName = (firstSeq: number): string => `${String(firstSeq).padStart(16, '0')}.log`;

/** The sequence number of the first frame; undefined: no segment is called so. */
export function segmentIdOf(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  const id = Number(digits);
  return digits !== undefined && id > 0 && Number.isSafeInteger(id) ? id : undefined;
}
