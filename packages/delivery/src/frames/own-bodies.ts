import type { Frame } from './frame.js';

/** Frames whose bodies lie in a chunk that is read over get bodies of their own, one behind the other in one piece of memory. */
export function ownBodies(frames: readonly Frame[]): Frame[] {
  const bytes = frames.reduce((sum, { body }) => sum + body.length, 0);
  const own = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  return frames.map((frame) => {
    const end = at + frame.body.copy(own, at);
    const body = own.subarray(at, end);
    at = end;
    return { ...frame, body };
  });
}
