import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { textOf } from './project.js';

/** What would be written beyond the folder of the stack file, or through a link. */
class OutsideError extends Error {
  override readonly name = 'OutsideError';
  readonly code = 'ERR_BREAKWATER_OUTSIDE';
}

/** The folder of a stack file, in which what it renders lies. Nothing outside of it is read or written. */
export class OutputFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  /** Undefined where there is no such file. @throws OutsideError */
  async read(path: string): Promise<string | undefined> {
    return textOf(await this.#place(path));
  }

  /** All of a file or nothing of it; what is there keeps its mode. @throws OutsideError */
  async write(path: string, text: string): Promise<void> {
    const file = await this.#place(path);
    await mkdir(dirname(file), { recursive: true });
    const present = await statOf(file);
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await writeFile(temporary, text, { flag: 'wx' });
      if (present !== undefined) await chmod(temporary, present.mode & 0o777);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Where a path is, when neither ".." nor a symbolic link leads out of the folder. */
  async #place(path: string): Promise<string> {
    const file = resolve(this.#folder, path);
    if (!file.startsWith(this.#folder + sep)) {
      throw new OutsideError(`${path} lies outside of ${this.#folder}: nothing is written there`);
    }
    const [folder, parent] = [await realpath(this.#folder), await deepest(dirname(file))];
    if (parent !== folder && !parent.startsWith(folder + sep)) {
      throw new OutsideError(`${path} leads to ${parent}, outside of ${folder}: take the symbolic link away`);
    }
    if ((await statOf(file))?.isSymbolicLink()) {
      throw new OutsideError(
        `${join(this.#folder, path)} is a symbolic link: take it away, so that a file can stand there`,
      );
    }
    return file;
  }
}

/** The real path of the nearest folder above that exists. */
async function deepest(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    // A link that leads nowhere would be followed by whoever makes the folder.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (await statOf(folder)) !== undefined) throw error;
    return deepest(dirname(folder));
  }
}

async function statOf(file: string) {
  try {
    return await lstat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
