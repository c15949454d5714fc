import type { TimeRange } from './influxql.js';

/** The window that an instant lies in. Windows are counted from the epoch, as the server does. */
export function windowOf(timeNs: bigint, windowNs: bigint): bigint {
  const offset = timeNs % windowNs;
  return timeNs - (offset < 0n ? offset + windowNs : offset);
}

/** A window by its start, cut to the range. */
export function clip(start: bigint, windowNs: bigint, range: TimeRange): TimeRange {
  const end = start + windowNs;
  return {
    startNs: start < range.startNs ? range.startNs : start,
    endNs: end > range.endNs ? range.endNs : end,
  };
}

/** Cuts a range into pieces of at most so many windows, at their edges. */
export function* pages(range: TimeRange, windowNs: bigint, windows: number): Generator<TimeRange> {
  let startNs = range.startNs;
  while (startNs < range.endNs) {
    const end = windowOf(startNs, windowNs) + windowNs * BigInt(windows);
    const endNs = end < range.endNs ? end : range.endNs;
    yield { startNs, endNs };
    startNs = endNs;
  }
}

/** Two halves of a range; undefined when it is a single nanosecond. */
export function halves({ startNs, endNs }: TimeRange): readonly [TimeRange, TimeRange] | undefined {
  const middle = (startNs + endNs) / 2n;
  if (middle === startNs || middle === endNs) return undefined;
  return [
    { startNs, endNs: middle },
    { startNs: middle, endNs },
  ];
}
