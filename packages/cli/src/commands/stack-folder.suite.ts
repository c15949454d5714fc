import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { breakwater } from '../io.suite.js';

let original: Promise<StackFolder> | undefined;
afterAll(async () => (await original)?.[Symbol.asyncDispose]());

/** A folder with a stack file, until it is disposed. */
export class StackFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<StackFolder> {
    return new StackFolder(await mkdtemp(join(tmpdir(), 'cli-stack-')));
  }

  /** With what `breakwater init` writes. */
  static async init(): Promise<StackFolder> {
    const folder = await StackFolder.make();
    await breakwater('init', '--file', folder.file);
    return folder;
  }

  /** With all that is rendered from it, too; rendered once for all tests of a file. */
  static async rendered(): Promise<StackFolder> {
    original ??= StackFolder.#render();
    const folder = await StackFolder.make();
    await cp((await original).path, folder.path, { recursive: true, preserveTimestamps: true });
    return folder;
  }

  static async #render(): Promise<StackFolder> {
    const folder = await StackFolder.init();
    const { code, said } = await breakwater('generate', '--file', folder.file);
    if (code !== 0) throw new Error(said);
    return folder;
  }

  get file(): string {
    return this.at('breakwater.stack.yaml');
  }

  at(path: string): string {
    return join(this.path, path);
  }

  read(path: string): Promise<string> {
    return readFile(this.at(path), 'utf8');
  }

  async change(path: string, from: string, to: string): Promise<void> {
    const text = await this.read(path);
    if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
    await writeFile(this.at(path), text.replace(from, to));
  }

  /** Every file, by its path from the folder. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1))
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
