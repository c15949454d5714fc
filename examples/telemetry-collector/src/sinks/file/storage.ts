import { type FileHandle, open } from 'node:fs/promises';

/** What a file sink does with the disk: a seam, so that tests can make a disk fail. */
export interface Storage {
  /** Opens for writing. `isNew`: the file must not exist. */
  open(path: string, isNew: boolean): Promise<StoredFile>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface StoredFile {
  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export const disk: Storage = {
  async open(path, isNew) {
    // Points may tell who polls what: they are nobody else's business.
    return new DiskFile(await open(path, isNew ? 'wx' : 'r+', 0o600));
  },
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

  async write(bytes: Uint8Array, position: number): Promise<void> {
    // A write may take less than it was given, when the disk is nearly full for one.
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
      if (bytesWritten === 0) throw new Error('the disk took nothing of what was written');
      done += bytesWritten;
    }
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
