import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '@breakwater/resilience';

export interface FileWatchOptions {
  file: string;
  /** Told that the file may have changed, some time after the last sign of it. */
  onChange: () => void;
  clock: Clock;
}

/** Editors and deployments change a file in several steps: one look comes when no step has been seen for so long. */
const QUIET_MS = 200;
/** A look that nothing has asked for, for what is not told: network file systems, a folder that was replaced. */
const LOOK_EVERY_MS = 30_000;

/**
 * Watches a file through its folder, so that it may be replaced: editors rename a new one over it, and a Kubernetes
 * ConfigMap swaps a symbolic link beside it (`..data`).
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #name: string;
  #watcher: FSWatcher | undefined;
  #settling: Timer | undefined;
  #looking: Timer | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#name = basename(options.file);
  }

  start(): void {
    this.#watch();
    this.#lookLater();
  }

  close(): void {
    this.#unwatch();
    this.#settling?.[Symbol.dispose]();
    this.#looking?.[Symbol.dispose]();
  }

  #watch(): void {
    try {
      this.#watcher = watch(dirname(this.#options.file), { persistent: false }, (_event, name) => this.#saw(name));
    } catch {
      // No such folder, or no watch left: the regular look tries again, and sees changes all the same.
      return;
    }
    this.#watcher.on('error', () => this.#unwatch());
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #saw(name: string | null): void {
    if (name !== null && name !== this.#name && !name.startsWith('..')) return;
    this.#settling?.[Symbol.dispose]();
    this.#settling = this.#options.clock.after(QUIET_MS, () => this.#options.onChange());
  }

  #lookLater(): void {
    this.#looking = this.#options.clock.after(LOOK_EVERY_MS, () => {
      // The folder may be another one by now, of the same name.
      this.#unwatch();
      this.#watch();
      this.#options.onChange();
      this.#lookLater();
    });
    this.#looking.unref?.();
  }
}
