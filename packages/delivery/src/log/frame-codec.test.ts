import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FRAME_HEADER_BYTES,
  frameMarker,
  MAX_FRAME_BYTES,
  MAX_META_BYTES,
  readFrameHeader,
  writeFrameHeader,
} from './frame-codec.js';

const u32 = fc.nat(0xffffffff);
const safe = fc.maxSafeNat();
const headerOf = fc.record({
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  totalBefore: safe,
  points: u32,
  acceptedAtMs: safe,
  metaLength: fc.nat(MAX_META_BYTES),
  bodyLength: fc.nat(MAX_FRAME_BYTES - MAX_META_BYTES - FRAME_HEADER_BYTES),
  payloadCrc: u32,
});

describe('frame header', () => {
  it('comes back as it was written, up to 2^53', () => {
    fc.assert(
      fc.property(headerOf, u32, fc.nat(9), (header, salt, at) => {
        const bytes = Buffer.alloc(FRAME_HEADER_BYTES + at);
        writeFrameHeader(bytes.subarray(at), frameMarker(salt), header);
        expect(readFrameHeader(bytes, at, frameMarker(salt))).toEqual(header);
      }),
    );
  });

  it('is none with any bit flipped, or behind the marker of another segment', () => {
    fc.assert(
      fc.property(headerOf, u32, fc.nat(FRAME_HEADER_BYTES * 8 - 1), (header, salt, bit) => {
        const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
        writeFrameHeader(bytes, frameMarker(salt), header);
        expect(readFrameHeader(bytes, 0, frameMarker((salt ^ 1) >>> 0))).toBeUndefined();
        bytes[bit >>> 3]! ^= 1 << (bit & 7);
        expect(readFrameHeader(bytes, 0, frameMarker(salt))).toBeUndefined();
      }),
    );
  });

  it('is none when it claims more than a log holds', () => {
    const sound = { seq: 1, totalBefore: 0, points: 1, acceptedAtMs: 1, metaLength: 1, bodyLength: 1, payloadCrc: 0 };
    const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
    const marker = frameMarker(1);
    for (const claim of [
      { seq: 0 },
      { seq: 2 ** 53 },
      { totalBefore: 2 ** 60 },
      { metaLength: MAX_META_BYTES + 1 },
      { bodyLength: MAX_FRAME_BYTES },
    ]) {
      writeFrameHeader(bytes, marker, { ...sound, ...claim });
      expect(readFrameHeader(bytes, 0, marker)).toBeUndefined();
    }
  });
});
