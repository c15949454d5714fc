import { dirname } from 'node:path';
import { disk, type Storage, type StoredFile } from '../storage/storage.js';
import type { LaneCheckpoint } from './checkpoint.js';
import { CheckpointError, decodeSlot, encodeSlot, SLOT_BYTES, type Slot } from './checkpoint-codec.js';

/**
 * The checkpoint of one lane on disk: two slots in a file that is as large from the beginning as it ever gets, so that a
 * full disk does not stop it. A write goes to the slot that does not hold the newest sound checkpoint. One damaged slot
 * costs what the other one lacks: `repeat` before anything is deleted that only the newest knows as done.
 */
export class CheckpointFile {
  readonly path: string;
  readonly #file: StoredFile;
  #newest: Slot & { readonly at: number };
  /** Both slots hold the newest. */
  #isTwice = false;
  /** Writes come one after the other. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(path: string, file: StoredFile, newest: Slot & { readonly at: number }) {
    this.path = path;
    this.#file = file;
    this.#newest = newest;
  }

  /** Begins a lane with its first checkpoint. The file has its name only once it is whole and durable. */
  static async create(path: string, checkpoint: LaneCheckpoint, storage: Storage = disk): Promise<CheckpointFile> {
    const first = { generation: 1, checkpoint, at: 0 };
    const unfinished = `${path}.new`;
    await storage.remove(unfinished);
    const file = await storage.open(unfinished, 'create');
    try {
      const bytes = Buffer.alloc(2 * SLOT_BYTES);
      encodeSlot(first).copy(bytes);
      await file.write([bytes], 0);
      await file.datasync();
      await storage.rename(unfinished, path);
      await storage.syncDirectory(dirname(path));
    } catch (error) {
      await file.close();
      throw error;
    }
    return new CheckpointFile(path, file, first);
  }

  /**
   * Undefined: there is none.
   * @throws CheckpointError when both slots are damaged, or a newer program wrote it: the lane must not begin anew.
   */
  static async open(path: string, storage: Storage = disk): Promise<CheckpointFile | undefined> {
    const file = await openIfThere(path, 'write', storage);
    if (file === undefined) return undefined;
    try {
      // A process that was killed may have left what is read, but not yet durable: the next write must not rely on it.
      await file.datasync();
      await storage.syncDirectory(dirname(path));
      return new CheckpointFile(path, file, await readNewest(file, path));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The last checkpoint that is known to be on disk. */
  get latest(): LaneCheckpoint {
    return this.#newest.checkpoint;
  }

  /** Resolves when it is on disk. When it fails, `latest` is there still. */
  write(checkpoint: LaneCheckpoint): Promise<void> {
    return this.#inTurn(async () => {
      this.#isTwice = false;
      await this.#write(checkpoint);
    });
  }

  /** Resolves when both slots hold the newest. */
  repeat(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isTwice) return;
      await this.#write(this.latest);
      this.#isTwice = true;
    });
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #write(checkpoint: LaneCheckpoint): Promise<void> {
    const next = { generation: this.#newest.generation + 1, checkpoint, at: 1 - this.#newest.at };
    await this.#file.write([encodeSlot(next)], next.at * SLOT_BYTES);
    await this.#file.datasync();
    this.#newest = next;
  }
}

/** The newest sound checkpoint of a file that a process may be writing to; undefined: there is no file. */
export async function readCheckpoint(path: string, storage: Storage = disk): Promise<LaneCheckpoint | undefined> {
  const file = await openIfThere(path, 'read', storage);
  if (file === undefined) return undefined;
  try {
    return (await readNewest(file, path)).checkpoint;
  } finally {
    await file.close();
  }
}

function openIfThere(path: string, how: 'write' | 'read', storage: Storage): Promise<StoredFile | undefined> {
  return storage.open(path, how).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function readNewest(file: StoredFile, path: string): Promise<Slot & { readonly at: number }> {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  await file.read(bytes, 0);
  const slots = [0, 1].flatMap((at) => {
    const slot = decode(bytes.subarray(at * SLOT_BYTES, (at + 1) * SLOT_BYTES), path);
    return slot === undefined ? [] : [{ ...slot, at }];
  });
  const newest = slots.sort((a, b) => b.generation - a.generation)[0];
  if (newest !== undefined) return newest;
  throw new CheckpointError(
    `both copies of the checkpoint in ${path} are damaged: it cannot be told what the lane still owes. ` +
      'Restore the file, or move it away, and everything that the log holds is sent again',
  );
}

function decode(bytes: Buffer, path: string): Slot | undefined {
  try {
    return decodeSlot(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`the checkpoint in ${path} ${error.message}`);
  }
}
