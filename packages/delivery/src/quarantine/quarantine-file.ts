import { dirname } from 'node:path';
import type { Recorder } from '@breakwater/resilience';
import { disk, type Storage, type StoredFile } from '../storage/storage.js';
import { linesOf } from './file-lines.js';
import { decodeHeader, decodeLine, encodeHeader, encodeLine, QuarantineError } from './line-codec.js';
import { LineIds } from './line-ids.js';
import { QUARANTINE_METRICS } from './metrics.js';
import type { Quarantine, QuarantinedLine } from './quarantine.js';

const COPY_BYTES = 1024 * 1024;

export interface QuarantineOptions {
  readonly path: string;
  /** The backend's id. */
  readonly lane: string;
  readonly storage?: Storage;
  /** At this size the older half is given up, or more for a batch that needs it. Default 64 MiB. */
  readonly maxBytes?: number;
}

/** What a pass over a file found. */
interface Contents {
  readonly ids: LineIds;
  readonly givenUpLines: number;
  /** Where its last whole line ends. */
  readonly end: number;
}

/**
 * Opens the quarantine file of a lane, or begins one. What a crash left half-written at its end is cut off.
 * @throws QuarantineError for a file of another lane, another kind or another version.
 */
export async function openQuarantine(options: QuarantineOptions): Promise<QuarantineFile> {
  const { path, lane, storage = disk, maxBytes = 64 * 1024 * 1024 } = options;
  const { file, contents } = await load(path, storage, lane);
  return new QuarantineFile({ path, lane, storage, maxBytes }, file, contents);
}

/**
 * The quarantined lines of one lane as lines of JSON below a header. Its memory is bounded by its size: for each line
 * that it keeps its identity, at most two numbers. Lines that were given up are known no more.
 */
export class QuarantineFile implements Quarantine {
  readonly #options: Required<QuarantineOptions>;
  #file: StoredFile;
  #contents: Contents;
  /** Something behind the end may be left of a write that failed. */
  #isTorn = false;
  /** The path may lead to another file than the one that is open. */
  #isStale = false;
  /** What changes the file happens one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(options: Required<QuarantineOptions>, file: StoredFile, contents: Contents) {
    this.#options = options;
    this.#file = file;
    this.#contents = contents;
  }

  add(lines: readonly QuarantinedLine[]): Promise<void> {
    const added = this.#turn.then(() => this.#add(lines));
    this.#turn = added.catch(() => {});
    return added;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  measure(record: Recorder, labels: { readonly backend: string; readonly slot: string }): void {
    record(QUARANTINE_METRICS.lines, labels, this.#contents.ids.count);
    record(QUARANTINE_METRICS.bytes, labels, this.#contents.end);
    record(QUARANTINE_METRICS.givenUp, labels, this.#contents.givenUpLines);
  }

  async #add(lines: readonly QuarantinedLine[]): Promise<void> {
    if (this.#isStale) await this.#reload();
    const fresh = lines.filter((line) => !this.#contents.ids.has(line));
    if (fresh.length === 0) return;
    if (this.#isTorn) await this.#file.truncate(this.#contents.end);
    const within = new LineIds();
    const pieces = fresh.flatMap((line) => {
      if (within.has(line)) return [];
      within.add(line);
      return [encodeLine(line)];
    });
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#contents.end + bytes > this.#options.maxBytes) await this.#makeRoom(bytes);
    await this.#append(pieces);
    for (const line of fresh) this.#contents.ids.add(line);
    this.#contents = { ...this.#contents, end: this.#contents.end + bytes };
  }

  async #append(pieces: readonly Buffer[]): Promise<void> {
    this.#isTorn = true;
    await this.#file.write(pieces, this.#contents.end);
    await this.#file.datasync();
    this.#isTorn = false;
  }

  /**
   * Keeps the newer half, or less where more is to come, in another file that takes the name of this one once it is
   * whole and durable.
   */
  async #makeRoom(bytes: number): Promise<void> {
    const { path, lane, storage, maxBytes } = this.#options;
    const { end, ids, givenUpLines } = this.#contents;
    const header = encodeHeader({ lane, givenUpLines: givenUpLines + ids.count });
    const keptBytes = Math.max(0, Math.min(maxBytes / 2, maxBytes - bytes - header.length));
    const kept = await scan(this.#file, path, lane, end - keptBytes);
    this.#isStale = true;
    const file = await begin(path, storage, lane, {
      givenUpLines: givenUpLines + ids.count - kept.ids.count,
      copy: (into, at) => copy(this.#file, kept.start, end, into, at),
    });
    await file.close();
    await this.#reload();
  }

  async #reload(): Promise<void> {
    const { path, lane, storage } = this.#options;
    const { file, contents } = await load(path, storage, lane);
    const old = this.#file;
    this.#file = file;
    this.#contents = contents;
    this.#isTorn = false;
    this.#isStale = false;
    await old.close();
  }
}

/** A quarantined line, or the place of one that cannot be read any more. */
export type QuarantineRecord =
  | { readonly kind: 'line'; readonly line: QuarantinedLine }
  | { readonly kind: 'damage'; readonly offset: number };

/** What a quarantine file holds, from old to new, also while a process adds to it. Nothing, where there is no file. */
export async function* readQuarantine(path: string, storage: Storage = disk): AsyncGenerator<QuarantineRecord> {
  const file = await storage.open(path, 'read').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    const lines = linesOf(file);
    decodeHeader((await lines.next()).value?.bytes, path);
    for await (const { offset, bytes } of lines) {
      const line = bytes === undefined ? undefined : decodeLine(bytes);
      yield line === undefined ? { kind: 'damage', offset } : { kind: 'line', line };
    }
  } finally {
    await file.close();
  }
}

/** Opens the file, or begins it; what it is found to hold is durable. */
async function load(path: string, storage: Storage, lane: string): Promise<{ file: StoredFile; contents: Contents }> {
  const file = await storage.open(path, 'write').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return begin(path, storage, lane);
  });
  try {
    const contents = await scan(file, path, lane);
    if ((await file.size()) > contents.end) await file.truncate(contents.end);
    // A process that was killed may have left lines that are read, but not yet durable.
    await file.datasync();
    await storage.syncDirectory(dirname(path));
    return { file, contents };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A file with its header, and what is copied behind it. It has its name only once it is whole and durable. */
async function begin(
  path: string,
  storage: Storage,
  lane: string,
  content: { givenUpLines: number; copy: (into: StoredFile, at: number) => Promise<void> } | undefined = undefined,
): Promise<StoredFile> {
  const unfinished = `${path}.new`;
  await storage.remove(unfinished);
  const file = await storage.open(unfinished, 'create');
  try {
    const header = encodeHeader({ lane, givenUpLines: content?.givenUpLines ?? 0 });
    await file.write([header], 0);
    await content?.copy(file, header.length);
    await file.datasync();
    await storage.rename(unfinished, path);
    await storage.syncDirectory(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function copy(from: StoredFile, start: number, end: number, into: StoredFile, at: number): Promise<void> {
  const buffer = Buffer.alloc(Math.min(COPY_BYTES, end - start));
  for (let done = 0; done < end - start; ) {
    const part = buffer.subarray(0, Math.min(buffer.length, end - start - done));
    const length = await from.read(part, start + done);
    if (length === 0) throw new QuarantineError('the quarantine file has become shorter while it was read');
    await into.write([part.subarray(0, length)], at + done);
    done += length;
  }
}

/** Counts lines that begin at `fromOffset` or behind it; `start` is where the first of them does. */
async function scan(
  file: StoredFile,
  path: string,
  lane: string,
  fromOffset = 0,
): Promise<Contents & { readonly start: number }> {
  const ids = new LineIds();
  const lines = linesOf(file);
  const first = (await lines.next()).value;
  const header = decodeHeader(first?.bytes, path);
  if (header.lane !== lane) throw new QuarantineError(`${path} is of lane ${header.lane}, not of ${lane}`);
  let end = first?.end ?? 0;
  let start: number | undefined;
  for await (const found of lines) {
    end = found.end;
    if (found.offset < fromOffset) continue;
    start ??= found.offset;
    const line = found.bytes === undefined ? undefined : decodeLine(found.bytes);
    if (line !== undefined) ids.add(line);
  }
  return { ids, givenUpLines: header.givenUpLines, end, start: start ?? end };
}
