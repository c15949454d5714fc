import { disk, type StoredFile } from '@breakwater/delivery';
import type { PointStorage } from './point-files.js';

type Step = 'open' | 'syncDirectory' | 'write' | 'datasync' | 'truncate';

/** The real disk, which can be told to fail or to hang. */
export class FaultyDisk implements PointStorage {
  /** The error code that a step fails with. */
  failing: { [S in Step]?: string } & { writtenBefore?: number } = {};
  readonly calls: Step[] = [];
  #held: Promise<void> | undefined;
  #release: () => void = () => {};
  #waiting: Array<{ step: Step; resolve: () => void }> = [];

  /** Every fdatasync waits until `release`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
    this.#held = undefined;
  }

  /** Resolves when the step is begun next. */
  reached(step: Step): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ step, resolve }));
  }

  async #step(step: Step): Promise<void> {
    this.calls.push(step);
    for (const { resolve } of this.#waiting.filter((waiting) => waiting.step === step)) resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.step !== step);
    if (step === 'datasync') await this.#held;
    const code = this.failing[step];
    if (code !== undefined) throw Object.assign(new Error(`${code}: told to fail, ${step}`), { code });
  }

  async open(path: string, how: 'create' | 'write' | 'read'): Promise<StoredFile> {
    await this.#step('open');
    const file = await disk.open(path, how);
    return {
      size: () => file.size(),
      read: (into, position) => file.read(into, position),
      write: async (pieces, position) => {
        if (this.failing.write !== undefined)
          await file.write([pieces[0]!.subarray(0, this.failing.writtenBefore ?? 0)], position);
        await this.#step('write');
        await file.write(pieces, position);
      },
      datasync: async () => {
        await this.#step('datasync');
        await file.datasync();
      },
      truncate: async (size) => {
        await this.#step('truncate');
        await file.truncate(size);
      },
      close: () => file.close(),
    };
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#step('syncDirectory');
    await disk.syncDirectory(path);
  }
}
