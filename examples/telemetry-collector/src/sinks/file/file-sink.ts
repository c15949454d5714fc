import { mkdir } from 'node:fs/promises';
import { DirectoryLock, disk } from '@breakwater/delivery';
import { type Clock, ConfigError, type Context, type Recorder, systemClock } from '@breakwater/resilience';
import { LineAccount } from '../line-account.js';
import { FILE_SINK_METRICS as METRICS } from '../metrics.js';
import type { Sink } from '../sink.js';
import { type LostReason, SinkError } from '../sink-error.js';
import { PointFiles, type PointStorage } from './point-files.js';

export interface FileSinkOptions {
  /** Where the files are. It is made when it is missing, and used by one process at a time. */
  directory: string;
  /** A file that would grow beyond this ends, in bytes. Default 64 MiB. */
  maxFileBytes?: number;
  /** A file older than this ends, in milliseconds. Default a day. */
  maxFileAgeMs?: number;
  /** When all files together would be larger, the oldest go, and are counted, in bytes. Default 1 GiB. */
  maxTotalBytes?: number;
  /** What may wait for the disk, in bytes; more is lost, and counted. Default 64 MiB. */
  maxPendingBytes?: number;
  clock?: Clock;
  storage?: PointStorage;
  /** Told what an operator should know, in a line. */
  onNotice?: (notice: string) => void;
}

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;
/** What one write takes at most: more would keep the first of a group waiting. */
const MAX_GROUP_BYTES = 4 * MIB;

/** Lines that wait for the disk. */
interface Entry {
  readonly bytes: Uint8Array;
  readonly lines: number;
  settle(lost?: { reason: LostReason; error?: unknown }): void;
}

/**
 * Appends lines to files and answers when they are on the disk. Writes that come while the disk is busy share its next
 * fdatasync, so that many small ones cost hardly more than one.
 */
export class FileSink implements Sink {
  readonly name = 'file';
  readonly #files: PointFiles;
  readonly #lock: DirectoryLock;
  readonly #clock: Clock;
  readonly #account: LineAccount;
  readonly #maxPendingBytes: number;
  readonly #maxGroupBytes: number;
  #queue: Entry[] = [];
  #pendingBytes = 0;
  #committing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(files: PointFiles, lock: DirectoryLock, clock: Clock, limits: Limits) {
    this.#files = files;
    this.#lock = lock;
    this.#clock = clock;
    this.#account = new LineAccount(this.name, clock);
    this.#maxPendingBytes = limits.maxPendingBytes;
    this.#maxGroupBytes = Math.min(MAX_GROUP_BYTES, limits.maxFileBytes);
  }

  write(lines: readonly string[], context: Context): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    this.#account.take(lines.length);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    return new Promise((resolve, reject) => {
      const entry = this.#entry(bytes, lines.length, context, resolve, reject);
      if (this.#closed !== undefined) entry.settle({ reason: 'closed' });
      else if (context.signal.aborted) entry.settle({ reason: 'aborted', error: context.signal.reason });
      else if (this.#pendingBytes + bytes.length > this.#maxPendingBytes) entry.settle({ reason: 'queue-full' });
      else this.#enqueue(entry);
    });
  }

  #entry(
    bytes: Uint8Array,
    lines: number,
    context: Context,
    resolve: () => void,
    reject: (error: SinkError) => void,
  ): Entry {
    let settled = false;
    const { signal, deadline } = context;
    const settle: Entry['settle'] = (lost) => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      limit?.[Symbol.dispose]();
      if (lost === undefined) {
        this.#account.written(lines, bytes.length);
        resolve();
        return;
      }
      this.#account.lost(lost.reason, lines);
      const detail = lost.error instanceof Error ? lost.error.message : undefined;
      reject(new SinkError(this.name, lost.reason, lines, detail, lost.error));
    };
    // A disk can hang: whoever waits is answered in time, and what it does in the end counts no more.
    const onAbort = () => settle({ reason: 'aborted', error: signal.reason });
    signal.addEventListener('abort', onAbort, { once: true });
    const limit =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.after(deadline - this.#clock.now(), () => settle({ reason: 'timeout' }));
    return { bytes, lines, settle };
  }

  #enqueue(entry: Entry): void {
    this.#queue.push(entry);
    this.#pendingBytes += entry.bytes.length;
    this.#committing ??= this.#commitAll();
  }

  /** Writes group after group until nothing waits. */
  async #commitAll(): Promise<void> {
    // Whoever writes in the same turn of the event loop belongs to the same group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const bytes = Buffer.concat(group.map((entry) => entry.bytes));
      try {
        await this.#account.timed(() => this.#files.append(bytes));
        for (const entry of group) entry.settle();
      } catch (error) {
        for (const entry of group) entry.settle({ reason: reasonOf(error), error });
      }
      this.#pendingBytes -= bytes.length;
    }
    this.#committing = undefined;
  }

  #nextGroup(): Entry[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length; count++) {
      bytes += this.#queue[count]!.bytes.length;
      if (count > 0 && bytes > this.#maxGroupBytes) break;
    }
    return this.#queue.splice(0, count);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#committing;
    await this.#files.close();
    await this.#lock.release();
  }

  measure(record: Recorder): void {
    this.#account.measure(record);
    record(METRICS.size, {}, this.#files.size);
    record(METRICS.files, {}, this.#files.count);
    record(METRICS.expiredFiles, {}, this.#files.expiredFiles);
    record(METRICS.expiredBytes, {}, this.#files.expiredBytes);
    record(METRICS.tornBytes, {}, this.#files.tornBytes);
  }
}

function reasonOf(error: unknown): LostReason {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'disk';
}

/**
 * Opens the file sink of a directory.
 * @throws DirectoryInUseError when another process uses the directory; ConfigError for sizes that cannot be, and for a
 * directory that cannot be made, read or written.
 */
export async function openFileSink(options: FileSinkOptions): Promise<FileSink> {
  const { directory, clock = systemClock, storage = disk, onNotice = () => {} } = options;
  const limits = limitsOf(options);
  const lock = await usable(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return DirectoryLock.acquire(directory);
  });
  try {
    const files = await usable(directory, () => {
      return PointFiles.open({ directory, ...limits, clock, storage, onNotice });
    });
    return new FileSink(files, lock, clock, limits);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A directory that cannot be made, read or written is a wrong setting: no stack is needed to mend it. */
async function usable<T>(directory: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new ConfigError(`file sink: ${directory} cannot be used: ${message}`);
  }
}

type Limits = Required<Pick<FileSinkOptions, 'maxFileBytes' | 'maxFileAgeMs' | 'maxTotalBytes' | 'maxPendingBytes'>>;

function limitsOf(options: FileSinkOptions): Limits {
  const limits = {
    maxFileBytes: options.maxFileBytes ?? 64 * MIB,
    maxFileAgeMs: options.maxFileAgeMs ?? DAY_MS,
    maxTotalBytes: options.maxTotalBytes ?? 1024 * MIB,
    maxPendingBytes: options.maxPendingBytes ?? 64 * MIB,
  };
  for (const [option, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new ConfigError(`file sink: ${option} is ${value}; it must be above 0`);
  }
  const least = 2 * limits.maxFileBytes;
  if (limits.maxTotalBytes < least) {
    throw new ConfigError(
      `file sink: maxTotalBytes is ${limits.maxTotalBytes}; it must be at least twice maxFileBytes, ${least}`,
    );
  }
  return limits;
}
