import type { FrameSummary, NewFrame } from '../frames/frame.js';
import type { ReadResult } from './frame-log.js';
import type { Log } from './log.js';

export const META = { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } } as const;

export const frameOf = (text: string, points = 1): NewFrame => ({ meta: META, body: Buffer.from(text), points });

/** Everything from a place on, in as many reads as it takes. */
export async function readAll(log: Log, fromSeq = 1, maxBytes = 1_000): Promise<ReadResult> {
  const frames = [];
  const gaps = [];
  let nextSeq = fromSeq;
  while (nextSeq < log.nextSeq) {
    const read = await log.read(nextSeq, { maxBytes });
    if (read.nextSeq <= nextSeq) throw new Error(`reading stands still at ${nextSeq}`);
    frames.push(...read.frames);
    gaps.push(...read.gaps);
    nextSeq = read.nextSeq;
  }
  return { frames, gaps, nextSeq };
}

export const withoutBody = ({ seq, points, acceptedAtMs, segment, lanes }: FrameSummary): FrameSummary => ({
  seq,
  points,
  acceptedAtMs,
  segment,
  lanes,
});
