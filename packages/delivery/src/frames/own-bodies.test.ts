import { describe, expect, it } from 'vitest';
import type { Frame } from './frame.js';
import { ownBodies } from './own-bodies.js';

const meta = { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } } as const;
const frame = (seq: number, body: Buffer): Frame => {
  return { seq, points: 1, meta, body, acceptedAtMs: 0, segment: 1, lanes: undefined };
};
/** Frames of so many bytes each, at the beginning of one chunk. */
const chunk = (bytes: number, sizes: readonly number[], firstSeq = 1): Frame[] => {
  const whole = Buffer.alloc(bytes, 'x');
  return sizes.map((size, index) => {
    const at = sizes.slice(0, index).reduce((sum, before) => sum + before, 0);
    return frame(firstSeq + index, whole.subarray(at, at + size));
  });
};
const held = (frames: readonly Frame[]): number =>
  [...new Set(frames.map(({ body }) => body.buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('ownBodies', () => {
  it('copies what keeps a chunk for less than half of it, and nothing else', () => {
    const [few, many] = [chunk(1_000, [100, 200]), chunk(1_000, [300, 200], 3)];
    const own = ownBodies([...few, ...many]);
    expect(own).toEqual([...few, ...many]);
    expect(held(own)).toBe(1_300);
    expect(own.slice(2)).toEqual(many);
    for (const [index, { body }] of own.slice(2).entries()) expect(body).toBe(many[index]!.body);
  });

  it('makes of small frames no copies that share a pool', () => {
    const own = ownBodies(chunk(1_000, [10]));
    expect(held(own)).toBe(10);
  });
});
