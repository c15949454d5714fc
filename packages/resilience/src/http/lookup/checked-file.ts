import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Clock } from '../../core/clock.js';

export interface CheckedFileOptions {
  clock: Clock;
  /** How long what was read is taken for current, in milliseconds. */
  checkEveryMs: number;
  /** What lies beyond is not read. */
  maxBytes: number;
}

/**
 * A small file of the system that is read again when it has changed. It is looked at synchronously, at most once in
 * `checkEveryMs`: that costs the main thread a few microseconds, whereas an asynchronous read would stand in the thread
 * pool behind every fsync.
 */
export class CheckedFile<T> {
  readonly path: string;
  readonly #parse: (text: string) => T;
  readonly #options: CheckedFileOptions;
  #value: T;
  #version = '';
  #checkAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(path: string, parse: (text: string) => T, options: CheckedFileOptions) {
    this.path = path;
    this.#parse = parse;
    this.#options = options;
    this.#value = parse('');
  }

  /** What the file says; the last that could be read, or what an empty file would say. */
  get value(): T {
    const now = this.#options.clock.now();
    if (now >= this.#checkAtMs) {
      this.#checkAtMs = now + this.#options.checkEveryMs;
      this.#check();
    }
    return this.#value;
  }

  /** How often the file was there and could not be read. */
  get failures(): number {
    return this.#failures;
  }

  #check(): void {
    try {
      if (versionOf(statSync(this.path)) !== this.#version) this.#read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#failures++;
      } else if (this.#version !== '') {
        this.#version = '';
        this.#value = this.#parse('');
      }
    }
  }

  #read(): void {
    const file = openSync(this.path, 'r');
    try {
      const version = versionOf(fstatSync(file));
      this.#value = this.#parse(readLines(file, this.#options.maxBytes));
      this.#version = version;
    } finally {
      closeSync(file);
    }
  }
}

function readLines(file: number, maxBytes: number): string {
  const buffer = Buffer.alloc(maxBytes);
  const length = readSync(file, buffer, 0, maxBytes, 0);
  const text = buffer.toString('utf8', 0, length);
  // Where the file is longer, its last line may be cut off.
  return length < maxBytes ? text : text.slice(0, text.lastIndexOf('\n') + 1);
}

const versionOf = ({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string =>
  `${ino} ${size} ${mtimeMs}`;
