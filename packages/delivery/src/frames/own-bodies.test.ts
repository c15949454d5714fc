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
  it('copies bodies one behind the other, whatever chunks they lay in', () => {
    const frames = [...chunk(1_000, [100, 200]), ...chunk(1_000, [300, 200], 3)];
    const own = ownBodies(frames);
    expect(own).toEqual(frames);
    expect(held(own)).toBe(800);
    const starts = own.map(({ body }) => body.byteOffset);
    expect(starts).toEqual([0, 100, 300, 600]);
  });

  it('keeps nothing of the chunk, which is read over', () => {
    const [first] = chunk(10, [10]);
    const [own] = ownBodies([first!]);
    first!.body.fill('-');
    expect(own!.body.toString()).toBe('xxxxxxxxxx');
    expect(held([own!])).toBe(10);
  });
});
