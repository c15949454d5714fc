import type { Frame } from './frame.js';

/**
 * Bodies lie in the chunks that the log reads. Where less than half of a chunk is wanted, its frames get bodies of their
 * own, so that what waits or is under way takes no more than twice its size: one small frame in a MiB would keep it all.
 */
export function ownBodies(frames: readonly Frame[]): Frame[] {
  const wanted = new Map<ArrayBufferLike, number>();
  for (const { body } of frames) wanted.set(body.buffer, (wanted.get(body.buffer) ?? 0) + body.length);
  return frames.map((frame) => {
    const { body } = frame;
    if (wanted.get(body.buffer)! * 2 >= body.buffer.byteLength) return frame;
    const own = Buffer.allocUnsafeSlow(body.length);
    body.copy(own);
    return { ...frame, body: own };
  });
}
