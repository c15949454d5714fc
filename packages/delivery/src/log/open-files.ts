import type { StoredFile } from '../storage/storage.js';

/** Files that nobody uses at the moment are kept open, up to this many. */
const MAX_IDLE = 8;

interface OpenFile {
  readonly file: Promise<StoredFile>;
  users: number;
}

/** Segments that are read, open while somebody reads them and a while after. */
export class OpenFiles {
  readonly #open: (segment: number) => Promise<StoredFile>;
  /** The one used last is the last. */
  readonly #files = new Map<number, OpenFile>();

  constructor(open: (segment: number) => Promise<StoredFile>) {
    this.#open = open;
  }

  async use<T>(segment: number, act: (file: StoredFile) => Promise<T>): Promise<T> {
    const entry = this.#files.get(segment) ?? { file: this.#open(segment), users: 0 };
    entry.users++;
    this.#files.delete(segment);
    this.#files.set(segment, entry);
    try {
      return await act(await entry.file);
    } catch (error) {
      // It may be the file that is broken: who comes next opens it anew.
      if (this.#files.get(segment) === entry) this.#files.delete(segment);
      throw error;
    } finally {
      entry.users--;
      await this.#tidy(segment, entry);
    }
  }

  async forget(segment: number): Promise<void> {
    const entry = this.#files.get(segment);
    this.#files.delete(segment);
    if (entry?.users === 0) await close(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((segment) => this.forget(segment)));
  }

  async #tidy(segment: number, entry: OpenFile): Promise<void> {
    if (this.#files.get(segment) !== entry) {
      if (entry.users === 0) await close(entry);
      return;
    }
    const idle = [...this.#files].filter(([, { users }]) => users === 0);
    await Promise.all(idle.slice(0, Math.max(0, idle.length - MAX_IDLE)).map(([id]) => this.forget(id)));
  }
}

async function close(entry: OpenFile): Promise<void> {
  const file = await entry.file.catch(() => undefined);
  await file?.close();
}
