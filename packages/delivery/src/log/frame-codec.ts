import { crc32 } from 'node:zlib';
import { readU64, writeU64 } from './integers.js';

/**
 * A frame on disk, all numbers little endian:
 *
 *  0  marker: `BWF`, the format's version, four bytes that the segment drew at random
 *  8  CRC-32 of the marker and of what follows in the header
 * 12  length of the body
 * 16  sequence number                       u64
 * 24  points in all frames before this one  u64
 * 32  accepted at, ms since the epoch       u64
 * 40  points
 * 44  length of the meta
 * 48  CRC-32 of meta and body
 * 52  meta, body
 */
export const FRAME_HEADER_BYTES = 52;
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
export const MAX_META_BYTES = 64 * 1024;

/** The part of the marker that is the same in every segment. */
export const MARKER_PREFIX = Buffer.from([0x42, 0x57, 0x46, 1]);
export const MARKER_BYTES = 8;
const CRC_AT = 8;
const FIELDS_AT = 12;

export interface FrameHeader {
  readonly seq: number;
  /** Points in all frames before this one. */
  readonly totalBefore: number;
  readonly points: number;
  readonly acceptedAtMs: number;
  readonly metaLength: number;
  readonly bodyLength: number;
  /** CRC-32 of meta and body. */
  readonly payloadCrc: number;
}

export const frameBytes = (header: Pick<FrameHeader, 'metaLength' | 'bodyLength'>): number =>
  FRAME_HEADER_BYTES + header.metaLength + header.bodyLength;

/** Nobody outside knows the salt, so that no body can hold what looks like a frame. */
export function frameMarker(salt: number): Buffer {
  const marker = Buffer.alloc(MARKER_BYTES);
  MARKER_PREFIX.copy(marker);
  marker.writeUInt32LE(salt, MARKER_PREFIX.length);
  return marker;
}

/** Fills the first bytes of `into`. */
export function writeFrameHeader(into: Buffer, marker: Buffer, header: FrameHeader): void {
  marker.copy(into);
  into.writeUInt32LE(header.bodyLength, 12);
  writeU64(into, 16, header.seq);
  writeU64(into, 24, header.totalBefore);
  writeU64(into, 32, header.acceptedAtMs);
  into.writeUInt32LE(header.points, 40);
  into.writeUInt32LE(header.metaLength, 44);
  into.writeUInt32LE(header.payloadCrc, 48);
  into.writeUInt32LE(headerCrc(into, 0), CRC_AT);
}

/** The header at `at`, where `FRAME_HEADER_BYTES` are to be read; undefined: there is none, or it is damaged. */
export function readFrameHeader(bytes: Buffer, at: number, marker: Buffer): FrameHeader | undefined {
  if (bytes.compare(marker, 0, marker.length, at, at + marker.length) !== 0) return undefined;
  if (headerCrc(bytes, at) !== bytes.readUInt32LE(at + CRC_AT)) return undefined;
  const header = {
    seq: readU64(bytes, at + 16),
    totalBefore: readU64(bytes, at + 24),
    points: bytes.readUInt32LE(at + 40),
    acceptedAtMs: readU64(bytes, at + 32),
    metaLength: bytes.readUInt32LE(at + 44),
    bodyLength: bytes.readUInt32LE(at + 12),
    payloadCrc: bytes.readUInt32LE(at + 48),
  };
  return isPlausible(header) ? header : undefined;
}

/** Of all of it: where a segment's header is damaged, the marker is learnt from a frame. */
const headerCrc = (bytes: Buffer, at: number): number =>
  crc32(bytes.subarray(at + FIELDS_AT, at + FRAME_HEADER_BYTES), crc32(bytes.subarray(at, at + MARKER_BYTES)));

function isPlausible(header: FrameHeader): boolean {
  const { seq, totalBefore, acceptedAtMs, metaLength } = header;
  return (
    Number.isSafeInteger(seq) &&
    Number.isSafeInteger(totalBefore) &&
    Number.isSafeInteger(acceptedAtMs) &&
    seq > 0 &&
    metaLength <= MAX_META_BYTES &&
    frameBytes(header) <= MAX_FRAME_BYTES
  );
}

export const payloadCrc = (meta: Uint8Array, body: Uint8Array): number => crc32(body, crc32(meta));
