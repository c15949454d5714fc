import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { InspectError } from './errors.js';
import { comment, destinationComment } from './export-format.js';
import {
  type LineSelection,
  type LoggedLine,
  loggedLines,
  type QuarantinedLoggedLine,
  quarantinedLines,
} from './frames.js';

export interface ExportOptions extends LineSelection {
  readonly spool: string;
  /** Must not exist: nothing is overwritten. */
  readonly file: string;
  readonly gzip?: boolean;
  /** What backends refused, with their words above each line; instead of what the log holds. */
  readonly quarantined?: boolean;
  readonly signal: AbortSignal;
}

/** Writes lines into a file that `replay` takes. Returns how many. */
export async function exportLines(options: ExportOptions): Promise<number> {
  const { spool, file, gzip = false, quarantined = false, signal } = options;
  const lines = quarantined ? quarantinedLines(spool, options) : loggedLines(spool, options);
  const text = new ExportText();
  const handle = await create(file);
  const out = handle.createWriteStream();
  const source = Readable.from(text.of(lines), { objectMode: false });
  await (gzip ? pipeline(source, createGzip(), out, { signal }) : pipeline(source, out, { signal }));
  return text.lines;
}

async function create(file: string): Promise<FileHandle> {
  return open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new InspectError(`${file} is there already; name a file that is not`);
    throw error;
  });
}

const PIECE = 64 * 1024;
const NEWLINE = Buffer.from('\n');

class ExportText {
  lines = 0;
  #destination = '';

  /** In pieces of some size: a stream's step for each line would cost more than the line. */
  async *of(lines: AsyncIterable<LoggedLine | QuarantinedLoggedLine>): AsyncGenerator<Buffer> {
    let pieces: Buffer[] = [];
    let bytes = 0;
    for await (const line of lines) {
      const block = this.#block(line);
      pieces.push(block);
      bytes += block.length;
      this.lines++;
      if (bytes < PIECE) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      bytes = 0;
    }
    yield Buffer.concat(pieces);
  }

  #block(line: LoggedLine | QuarantinedLoggedLine): Buffer {
    const destination = destinationComment(line.destination);
    const isOther = destination !== this.#destination;
    this.#destination = destination;
    const words = 'words' in line ? `${comment(`${line.lane ?? 'a lane'}: ${line.words}`)}\n` : '';
    return Buffer.concat([Buffer.from(`${isOther ? `${destination}\n` : ''}${words}`), line.bytes, NEWLINE]);
  }
}
