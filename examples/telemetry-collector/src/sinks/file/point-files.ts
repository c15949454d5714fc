import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage, StoredFile } from '@breakwater/delivery';
import type { Clock } from '@breakwater/resilience';
import { type FileName, fileName, parseFileName } from './file-name.js';
import { cutTornTail } from './torn-tail.js';

/** What the files of points need of the disk. */
export type PointStorage = Pick<Storage, 'open' | 'syncDirectory'>;

export interface PointFilesOptions {
  directory: string;
  /** A file that would grow beyond this ends, in bytes. */
  maxFileBytes: number;
  /** A file older than this ends, in milliseconds. */
  maxFileAgeMs: number;
  /** When all files together would be larger, the oldest go, in bytes. */
  maxTotalBytes: number;
  clock: Clock;
  storage: PointStorage;
  onNotice: (notice: string) => void;
}

interface PointFile extends FileName {
  size: number;
  /** It must not grow any more. */
  ended: boolean;
}

/** Files of lines, of which the last one grows. What `append` has returned for is on the disk. */
export class PointFiles {
  readonly #options: PointFilesOptions;
  /** Oldest first. */
  readonly #files: PointFile[] = [];
  #open: StoredFile | undefined;
  #lastNumber = 0;
  #expiredFiles = 0;
  #expiredBytes = 0;
  #tornBytes = 0;

  private constructor(options: PointFilesOptions) {
    this.#options = options;
  }

  /** Takes over what is in the directory, and mends what a crash has left. */
  static async open(options: PointFilesOptions): Promise<PointFiles> {
    const files = new PointFiles(options);
    await files.#takeOver();
    await files.#expire(Math.max(0, options.maxFileBytes - (files.#files.at(-1)?.size ?? 0)));
    return files;
  }

  get count(): number {
    return this.#files.length;
  }

  /** Bytes in all files. */
  get size(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  get expiredFiles(): number {
    return this.#expiredFiles;
  }

  get expiredBytes(): number {
    return this.#expiredBytes;
  }

  get tornBytes(): number {
    return this.#tornBytes;
  }

  /**
   * Writes whole lines and waits until they are on the disk. One call at a time.
   * When it fails none of them are in the files as a rule, and the next call may well succeed.
   */
  async append(lines: Uint8Array): Promise<void> {
    const { file, open } = await this.#fileFor(lines.length);
    let step: 'write' | 'sync' = 'write';
    try {
      await open.write([lines], file.size);
      step = 'sync';
      await open.datasync();
      file.size += lines.length;
    } catch (error) {
      await this.#undo(file, open, step);
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    // Everything in it is on the disk already.
    await open?.close().catch((error: unknown) => this.#options.onNotice(`a file did not close: ${messageOf(error)}`));
  }

  async #takeOver(): Promise<void> {
    const { directory, onNotice } = this.#options;
    const names = (await readdir(directory)).flatMap((name) => parseFileName(name) ?? []);
    for (const file of names.sort((a, b) => a.number - b.number)) {
      const { size, torn } = await cutTornTail(join(directory, file.name));
      this.#files.push({ ...file, size, ended: false });
      this.#lastNumber = file.number;
      if (torn === 0) continue;
      this.#tornBytes += torn;
      onNotice(`${file.name} ended in half a line: ${torn} bytes were moved into ${file.name}.torn`);
    }
  }

  /** The file that grows: the last one, while it is neither full nor old, else a new one. */
  async #fileFor(bytes: number): Promise<{ file: PointFile; open: StoredFile }> {
    const last = this.#files.at(-1);
    if (last !== undefined && this.#hasRoom(last, bytes)) {
      this.#open ??= await this.#options.storage.open(this.#pathOf(last), 'write');
      return { file: last, open: this.#open };
    }
    await this.close();
    await this.#expire(this.#options.maxFileBytes);
    return this.#begin();
  }

  #hasRoom({ size, begunMs, ended }: PointFile, bytes: number): boolean {
    const { maxFileBytes, maxFileAgeMs, clock } = this.#options;
    const isFull = size > 0 && size + bytes > maxFileBytes;
    return !ended && !isFull && clock.wall() - begunMs < maxFileAgeMs;
  }

  async #begin(): Promise<{ file: PointFile; open: StoredFile }> {
    const { clock, storage, directory } = this.#options;
    const file: PointFile = { ...fileName(this.#lastNumber + 1, clock.wall()), size: 0, ended: false };
    const open = await storage.open(this.#pathOf(file), 'create');
    this.#lastNumber = file.number;
    this.#files.push(file);
    this.#open = open;
    try {
      await storage.syncDirectory(directory);
    } catch (error) {
      await this.#end(file);
      throw error;
    }
    return { file, open };
  }

  /** Takes back what a failed append may have left. */
  async #undo(file: PointFile, open: StoredFile, failed: 'write' | 'sync'): Promise<void> {
    try {
      await open.truncate(file.size);
      if (failed === 'write') return;
    } catch (error) {
      this.#options.onNotice(`${file.name} may end in lines that were reported as lost: ${messageOf(error)}`);
    }
    // After a failed sync nobody knows what the kernel has dropped; a file that cannot be cut must not grow either.
    await this.#end(file);
  }

  /** The file grows no more; one that is empty goes, so that a disk that keeps failing leaves no heap of them. */
  async #end(file: PointFile): Promise<void> {
    file.ended = true;
    await this.close();
    if (file.size === 0) await this.#drop(file);
  }

  /** Deletes the oldest files until `room` is left under the cap. */
  async #expire(room: number): Promise<void> {
    const { maxTotalBytes, onNotice } = this.#options;
    while (this.#files.length > 0 && this.size + room > maxTotalBytes) {
      const file = this.#files[0]!;
      if (!(await this.#drop(file))) return;
      this.#expiredFiles++;
      this.#expiredBytes += file.size;
      onNotice(`${file.name} was deleted to stay under ${maxTotalBytes} bytes: ${file.size} bytes of points`);
    }
  }

  async #drop(file: PointFile): Promise<boolean> {
    const path = this.#pathOf(file);
    try {
      await rm(path, { force: true });
      await rm(`${path}.torn`, { force: true });
    } catch (error) {
      this.#options.onNotice(`${file.name} could not be deleted: ${messageOf(error)}`);
      return false;
    }
    this.#files.splice(this.#files.indexOf(file), 1);
    return true;
  }

  #pathOf({ name }: FileName): string {
    return join(this.#options.directory, name);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
