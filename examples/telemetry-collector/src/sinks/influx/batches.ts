/** Consecutive lines that go into one request. */
export interface Batch {
  readonly lines: readonly string[];
  /** With a line end for each line. */
  readonly bytes: number;
}

/** As few batches as hold all lines, in order, none above either limit; a line that is too large alone gets one of its own. */
export function batchesOf(lines: readonly string[], maxLines: number, maxBytes: number): Batch[] {
  const batches: Batch[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, line] of lines.entries()) {
    const size = Buffer.byteLength(line) + 1;
    if (index > start && (bytes + size > maxBytes || index - start === maxLines)) {
      batches.push({ lines: lines.slice(start, index), bytes });
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < lines.length) batches.push({ lines: lines.slice(start), bytes });
  return batches;
}

/** Two of about the same number of lines, of which there must be two at least. */
export function halves({ lines }: Batch): [Batch, Batch] {
  const middle = lines.length >> 1;
  const half = (part: readonly string[]): Batch => batchesOf(part, part.length, Number.POSITIVE_INFINITY)[0]!;
  return [half(lines.slice(0, middle)), half(lines.slice(middle))];
}
