import type { StoredFile } from '../storage/storage.js';

const CHUNK_BYTES = 64 * 1024;
/** A line of 1 MiB takes at most six times that as JSON; what is longer is damage. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

interface FileLine {
  /** Where it begins, and where the next one does. */
  readonly offset: number;
  readonly end: number;
  /** Without its line end; undefined: longer than any line. */
  readonly bytes: Buffer | undefined;
}

/** The lines of a file that have their line end, from the first one on. */
export async function* linesOf(file: StoredFile): AsyncGenerator<FileLine> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pieces: Buffer[] = [];
  let offset = 0;
  for (let position = 0; ; ) {
    const length = await file.read(chunk, position);
    if (length === 0) return;
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0 && at < length; at = chunk.indexOf(NEWLINE, start)) {
      pieces.push(Buffer.from(chunk.subarray(start, at)));
      start = at + 1;
      const end = position + start;
      yield { offset, end, bytes: end - offset > MAX_LINE_BYTES ? undefined : Buffer.concat(pieces) };
      offset = end;
      pieces = [];
    }
    position += length;
    if (position - offset <= MAX_LINE_BYTES) pieces.push(Buffer.from(chunk.subarray(start, length)));
    else pieces = [];
  }
}
