import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';

/** What delivery does with the disk: a seam, so that tests can make a disk fail, fill up, or forget what was not synced. */
export interface Storage {
  /** Makes a folder, readable by its owner alone; one that exists is left as it is. The parent must exist. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a folder. */
  list(path: string): Promise<string[]>;
  /** `create`: the file must not exist. `write`: it must. Files are readable by their owner alone. */
  open(path: string, how: 'create' | 'write' | 'read'): Promise<StoredFile>;
  rename(from: string, to: string): Promise<void>;
  /** It may be gone already. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface StoredFile {
  size(): Promise<number>;
  /** Fills `into` as far as the file reaches; returns how many bytes it read. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of the pieces, one after the other. */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** The kernel takes no more in one call (IOV_MAX). */
const MAX_PIECES = 1_024;

const FLAGS = { create: 'wx+', write: 'r+', read: 'r' } as const;

/** The machine's disk. */
export const disk: Storage = {
  async makeDirectory(path) {
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  },
  list: (path) => readdir(path),
  open: async (path, how) => new DiskFile(await open(path, FLAGS[how], 0o600)),
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

class DiskFile implements StoredFile {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#file.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    return writeAll(this.#file, pieces, position);
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Writes all of the pieces, though one call may take less than it was given: when the disk is nearly full, for one. */
export async function writeAll(
  file: Pick<FileHandle, 'write' | 'writev'>,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let begin = position;
  for (let at = 0; at < pieces.length; at += MAX_PIECES) {
    const some = pieces.slice(at, at + MAX_PIECES);
    const { bytesWritten } = await file.writev(some, begin);
    const written = begin + bytesWritten;
    for (const piece of some) {
      const missing = Math.min(piece.length, begin + piece.length - written);
      begin += piece.length;
      if (missing > 0) await writeRest(file, piece.subarray(piece.length - missing), begin - missing);
    }
  }
}

async function writeRest(file: Pick<FileHandle, 'write'>, rest: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < rest.length; ) {
    const { bytesWritten } = await file.write(rest, done, rest.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the disk took nothing of what was written');
    done += bytesWritten;
  }
}
